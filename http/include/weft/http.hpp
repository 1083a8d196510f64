// All of weft's HTTP package.
#pragma once

#include <weft/http/body.hpp>
#include <weft/http/body_channel.hpp>
#include <weft/http/counters.hpp>
#include <weft/http/limits.hpp>
#include <weft/http/request.hpp>
#include <weft/http/response.hpp>
#include <weft/http/router.hpp>
#include <weft/http/server.hpp>

// Every adaptor and source of streams. Each header of weft/stream/ can be included by itself.
#pragma once

#include <weft/stream/buffered.hpp>
#include <weft/stream/collect.hpp>
#include <weft/stream/combine.hpp>
#include <weft/stream/sources.hpp>
#include <weft/stream/timing.hpp>
#include <weft/stream/transform.hpp>
#include <weft/stream/wrappers.hpp>

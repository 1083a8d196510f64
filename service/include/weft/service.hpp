// All of weft's service package.
#pragma once

#include <weft/service/service.hpp>

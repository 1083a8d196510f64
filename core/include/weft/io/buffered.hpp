// Reading and writing through buffers: both halves.
#pragma once

#include <weft/io/buffered_reader.hpp>
#include <weft/io/buffered_writer.hpp>

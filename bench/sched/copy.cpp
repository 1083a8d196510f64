// Tokio's copy: 256 KiB from a source that is always ready, or gives 2 KiB a millisecond, to
// memory, or to a disk that empties its buffer of 40 KiB every 20 ms and sometimes makes writers
// wait for it. An operation is one KiB. Where an end is slow, look at the CPU time. The memory that
// is copied to is kept from one copy to the next: else it is the allocator that is measured.
#include <weft/interval.hpp>
#include <weft/io/copy.hpp>
#include <weft/io/utilities.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "bench.hpp"
#include "generator.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;
using weft::io::byte_stream;
using weft::io::io_state;
using weft::io::progress;
using weft::io::transport;

constexpr std::size_t kilo = 1024;
constexpr std::size_t source_size = 256 * kilo;
constexpr std::size_t chunk_size = 2 * kilo;
constexpr std::size_t disk_buffer = 40 * kilo;

// A stream of one direction only.
class one_way : public byte_stream {
 public:
  progress poll_receive(io_state&, std::span<std::byte>) noexcept override { return 0; }
  progress poll_send(io_state&, std::span<const weft::io_slice>) noexcept override {
    return weft::error::from_errno(EPIPE);
  }
  progress poll_shutdown(io_state&) noexcept override { return 0; }
  bool poll_peer_closed(io_state&) noexcept override { return false; }
  void cancel(io_state&) noexcept override {}
};

std::size_t size_of(std::span<const weft::io_slice> pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size;
  return size;
}

// An interval that is polled.
class ticker {
 public:
  ticker(weft::duration period, weft::missed_ticks behaviour) : every_(period) {
    every_.behaviour(behaviour);
  }
  bool poll() noexcept {
    if (!next_) next_.emplace(every_);
    if (!next_->tick.poll()) return false;
    (void)next_->tick.take();
    next_.reset();
    return true;
  }

 private:
  struct pending {
    decltype(std::declval<weft::interval&>().tick().operator co_await()) tick;
    explicit pending(weft::interval& of) : tick(of.tick().operator co_await()) {}
  };

  weft::interval every_;
  std::optional<pending> next_;
};

class chunk_source final : public one_way {
 public:
  progress poll_receive(io_state&, std::span<std::byte> into) noexcept override {
    if (!service_.poll()) return progress::not_yet();
    auto count = std::min(into.size(), chunk_size);
    std::memset(into.data(), 0, count);
    return count;
  }

 private:
  ticker service_{1ms, weft::missed_ticks::burst};
};

class memory_sink final : public one_way {
 public:
  explicit memory_sink(std::vector<std::byte>& into) : into_(into) {}
  progress poll_send(io_state&, std::span<const weft::io_slice> pieces) noexcept override {
    for (const auto& piece : pieces) {
      const auto* first = static_cast<const std::byte*>(piece.data);
      into_.insert(into_.end(), first, first + piece.size);
    }
    return size_of(pieces);
  }

 private:
  std::vector<std::byte>& into_;
};

class slow_disk final : public one_way {
 public:
  explicit slow_disk(std::size_t& written) : written_(written) {}
  progress poll_send(io_state&, std::span<const weft::io_slice> pieces) noexcept override {
    auto emptied = service_.poll();
    if (emptied) used_ = 0;
    if (!emptied && random_.next() % 10 == 0) return progress::not_yet();
    auto count = std::min(disk_buffer - used_, size_of(pieces));
    if (count == 0) return progress::not_yet();
    used_ += count;
    written_ += count;
    return count;
  }

 private:
  ticker service_{20ms, weft::missed_ticks::delay};
  generator random_{0};
  std::size_t used_ = 0;
  std::size_t& written_;
};

transport zeros() {
  return weft::io::take(weft::io::repeat(std::byte{0}), source_size);
}
transport chunks() {
  return weft::io::take(transport(std::make_unique<chunk_source>()), source_size);
}

weft::task<void> copy_to_mem(std::size_t times, transport (*source)()) {
  std::vector<std::byte> written;
  for (std::size_t i = 0; i < times; ++i) {
    written.clear();
    auto from = source();
    transport to(std::make_unique<memory_sink>(written));
    auto copied = co_await weft::io::copy(from, to);
    check(copied == source_size && written.size() == source_size, "bytes were lost");
    keep(written);
  }
}

weft::task<void> copy_to_disk(std::size_t times, transport (*source)()) {
  for (std::size_t i = 0; i < times; ++i) {
    std::size_t written = 0;
    auto from = source();
    transport to(std::make_unique<slow_disk>(written));
    auto copied = co_await weft::io::copy(from, to);
    check(copied == source_size && written == source_size, "bytes were lost");
  }
}

}  // namespace

void run_copy(runner& bench) {
  auto run = [&](const char* name, std::size_t times, auto work, auto source) {
    bench.run_task(
        name, times * (source_size / kilo), [=] { return work(times, source); },
        threads::current_thread);
  };
  run("copy_mem_to_mem", bench.scaled(2000), copy_to_mem, zeros);
  run("copy_mem_to_slow_hdd", 1, copy_to_disk, zeros);
  run("copy_chunk_to_mem", 1, copy_to_mem, chunks);
  run("copy_chunk_to_slow_hdd", 1, copy_to_disk, chunks);
}

}  // namespace bench

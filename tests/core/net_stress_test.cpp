// Connections under random use from several workers, for as long as WEFT_STRESS_SECONDS says:
// operations that are given up and taken up again, ends that shut down, reset, or are aborted. What
// was sent arrives, in order and once, up to where the connection was cut; no descriptor is left;
// the sanitizers say nothing.
#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net_support.hpp"
#include "sync_support.hpp"

namespace {

using net_test::connected_pair;
using task_test::dice;
using task_test::stress_time;
using weft::errc;
using weft::or_return;
using weft::result;
using weft::task;
using weft::io::transport;
using namespace std::chrono_literals;

constexpr unsigned workers = 4;

char byte_at(std::uint64_t position) {
  return static_cast<char>((position * 0x9e3779b97f4a7c15ull) >> 56);
}

// What one direction of a connection has seen; the receiver never sees more than was sent.
struct direction_log {
  std::atomic<std::uint64_t> offered{0};  // given to the sender
  std::atomic<std::uint64_t> received{0};
  std::atomic<bool> ended_well{false};  // shut down after everything
};

std::string next_piece(direction_log& log, dice& luck) {
  std::string piece(1 + luck.below(luck.below(8) == 0 ? 60'000 : 500), ' ');
  auto position = log.offered.fetch_add(piece.size());
  for (auto& each : piece) each = byte_at(position++);
  return piece;
}

weft::duration patience(dice& luck) {
  return luck.below(3) == 0 ? 0ms : 1ms * luck.below(3);
}

// Sends a chain to its end, giving up and taking up at random.
task<result<void>> send_somehow(transport& to, weft::bytes_chain& chain, dice& luck) {
  while (!chain.empty()) {
    switch (luck.below(3)) {
      case 0: {
        auto sent = co_await weft::timeout(patience(luck), to.send_all(chain));
        if (!sent && sent.error() != errc::timed_out) co_return sent;
        break;
      }
      case 1: {
        auto sent = co_await weft::timeout(patience(luck), to.send(chain));
        if (!sent && sent.error() != errc::timed_out) co_return weft::fail(sent.error());
        break;
      }
      default:
        co_await or_return(to.send(chain));
    }
  }
  co_return {};
}

task<result<void>> talk(transport& to, direction_log& log, dice luck) {
  for (unsigned pieces = luck.below(30); pieces > 0; --pieces) {
    auto text = next_piece(log, luck);
    if (luck.below(3) == 0) {
      weft::io::unsent rest(text);
      while (!rest.empty()) {
        auto sent = co_await weft::timeout(patience(luck), to.write_all(rest));
        if (!sent && sent.error() != errc::timed_out) co_return sent;
      }
    } else {
      weft::bytes_chain chain;
      for (auto whole = weft::bytes::from(std::move(text)); !whole.empty();) {
        chain.push_back(whole.split_to(1 + luck.below(5000)));
      }
      co_await or_return(send_somehow(to, chain, luck));
    }
  }
  co_await or_return(to.shutdown());
  log.ended_well = true;
  co_return {};
}

void check(std::string_view text, direction_log& log) {
  auto position = log.received.fetch_add(text.size());
  for (char each : text) {
    if (each != byte_at(position++)) {
      ADD_FAILURE() << "wrong byte at " << position - 1;
      return;
    }
  }
  EXPECT_LE(log.received, log.offered);
}

task<result<void>> listen(transport& from, direction_log& log, dice luck) {
  std::array<char, 700> some;
  while (true) {
    if (luck.below(3) == 0) {
      auto count = co_await weft::timeout(patience(luck), from.read(some));
      if (!count && count.error() == errc::timed_out) continue;
      if (!count) co_return weft::fail(count.error());
      if (*count == 0) break;
      check(std::string_view(some.data(), *count), log);
    } else {
      auto data = co_await weft::timeout(patience(luck), from.receive());
      if (!data && data.error() == errc::timed_out) continue;
      if (!data) co_return weft::fail(data.error());
      if (data->empty()) break;
      check(data->view(), log);
    }
  }
  if (log.ended_well) {
    EXPECT_EQ(log.received, log.offered);
  }
  co_return {};
}

// One end of a connection. Some hang up in the middle; the other end then sees an error, or the
// end.
task<void> one_end(transport end, direction_log& out, direction_log& in, dice luck) {
  auto spread = [&] { return dice(luck.below(1u << 30) + 1); };
  auto talking = talk(end, out, spread());
  auto listening = listen(end, in, spread());
  switch (luck.below(4)) {
    case 0:
      (void)co_await weft::select(std::move(talking), std::move(listening));
      break;
    case 1:
      (void)co_await weft::select(weft::join(std::move(talking), std::move(listening)),
                                  end.peer_closed());
      break;
    default:
      (void)co_await weft::join(std::move(talking), std::move(listening));
  }
}

struct connection_log {
  direction_log there;
  direction_log back;
};

task<result<void>> one_round(bool sockets, std::uint64_t seed) {
  dice luck(seed);
  std::vector<std::unique_ptr<connection_log>> logs;
  std::vector<weft::join_handle<void>> ends;
  for (unsigned index = 0; index < 20; ++index) {
    auto& log = *logs.emplace_back(std::make_unique<connection_log>());
    std::pair<transport, transport> pair;
    if (sockets) {
      auto connection = co_await or_return(connected_pair());
      if (luck.below(4) == 0) (void)connection.client.set_zero_linger(true);
      pair.first = std::move(connection.client);
      pair.second = std::move(connection.server);
    } else {
      pair = weft::io::duplex(1 + luck.below(3000));
    }
    ends.push_back(weft::spawn(one_end, std::move(pair.first), std::ref(log.there),
                               std::ref(log.back), dice(seed * 1000 + index * 2)));
    ends.push_back(weft::spawn(one_end, std::move(pair.second), std::ref(log.back),
                               std::ref(log.there), dice(seed * 1000 + index * 2 + 1)));
  }
  for (unsigned step = luck.below(50); step > 0; --step) co_await weft::yield_now();
  for (auto& one : ends) {
    if (luck.below(6) == 0) one.abort();
  }
  for (auto& one : ends) {
    auto ended = co_await std::move(one);
    EXPECT_TRUE(ended || ended.error() == errc::task_aborted) << ended.error().message();
  }
  co_return {};
}

void stress(bool sockets) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto next_descriptor = [] {
    auto next = ::dup(STDIN_FILENO);
    ::close(next);
    return next;
  };
  auto before = next_descriptor();
  stress_time time;
  for (std::uint64_t seed = 1; !time.over(); ++seed) {
    auto ended = runtime.block_on(one_round(sockets, seed));
    ASSERT_TRUE(ended.has_value()) << ended.error().message();
  }
  EXPECT_EQ(next_descriptor(), before);
}

TEST(stress_net, sockets_lose_repeat_and_leak_nothing) {
  stress(true);
}
TEST(stress_net, duplexes_lose_repeat_and_leak_nothing) {
  stress(false);
}

task<void> blocking_round(std::uint64_t seed) {
  dice luck(seed);
  auto ran = std::make_shared<std::atomic<unsigned>>(0);
  std::vector<weft::blocking_handle<unsigned>> kept;
  for (unsigned index = 0; index < 200; ++index) {
    auto job = weft::spawn_blocking([ran, index] { return ++*ran, index; });
    switch (luck.below(4)) {
      case 0:
        job.abort();
        break;
      case 1:
        std::move(job).detach();
        continue;
      case 2: {
        auto wait = [](weft::blocking_handle<unsigned>& what) -> task<result<unsigned>> {
          co_return co_await what;
        };
        (void)co_await weft::timeout(patience(luck), wait(job));
        break;
      }
      default:
        break;
    }
    kept.push_back(std::move(job));
  }
  for (auto& job : kept) {
    auto ended = co_await std::move(job);
    EXPECT_TRUE(ended || ended.error() == errc::task_aborted || ended.error() == errc::overloaded)
        << ended.error().message();
  }
}
TEST(stress_net, blocking_calls_end_once) {
  stress_time time;
  for (std::uint64_t seed = 1; !time.over(); ++seed) {
    auto runtime = weft::runtime::multi_thread()
                       .worker_threads(workers)
                       .blocking_threads(1 + seed % 5)
                       .blocking_queue(seed % 100)
                       .blocking_idle(seed % 3 == 0 ? 0ms : 1ms)
                       .build();
    for (unsigned round = 0; round < 5; ++round)
      runtime.block_on(blocking_round(seed * 10 + round));
  }
}

}  // namespace

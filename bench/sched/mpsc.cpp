// Tokio's sync_mpsc: what it costs to make a channel, to send large values, and to receive by the
// thousand, from five senders or after one has sent. An operation is a channel, or a message.
#include <weft/spawn.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/mpsc_unbounded.hpp>

#include <array>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using weft::sync::mpsc;
using weft::sync::mpsc_unbounded;

using medium = std::array<std::size_t, 64>;
using large = std::array<medium, 64>;
using receiver = weft::sync::mpsc_receiver<std::size_t>;

constexpr std::size_t senders = 5;
constexpr std::size_t each = 1000;
constexpr std::size_t all = senders * each;
constexpr std::size_t wide = 1'000'000;
constexpr std::size_t narrow = 100;

void create(std::size_t n, std::size_t capacity) {
  for (std::size_t i = 0; i < n; ++i) {
    auto made = mpsc<medium>(capacity);
    keep(made);
  }
}

template <class T>
weft::task<void> send_one(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [to, from] = mpsc<T>(1000);
    auto sent = co_await to.send(T());
    check(sent.has_value(), "a channel lost its receiver");
    auto received = co_await from.next();
    check(received.has_value(), "a channel lost a value");
    keep(*received);
  }
}

weft::task<void> send_each(weft::sync::mpsc_sender<std::size_t> to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto sent = co_await to.send(i);
    check(sent.has_value(), "a channel lost its receiver");
  }
}

weft::task<void> send_each(weft::sync::mpsc_unbounded_sender<std::size_t> to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    check(to.send(std::size_t{i}).has_value(), "a channel lost its receiver");
  }
  co_return;
}

weft::task<std::size_t> sum_one_by_one(receiver& from) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < all; ++i) {
    auto value = co_await from.next();
    check(value.has_value(), "a channel lost a value");
    sum += *value;
  }
  co_return sum;
}

weft::task<std::size_t> sum_many(receiver& from) {
  std::vector<std::size_t> buffer;
  buffer.reserve(all);
  while (buffer.size() < all) {
    auto count = co_await from.next_many(buffer, all);
    check(count > 0, "a channel lost a value");
  }
  std::size_t sum = 0;
  for (auto value : buffer) sum += value;
  co_return sum;
}

using summing = weft::task<std::size_t> (*)(receiver&);

// `make` yields the two ends.
template <class Make>
weft::task<void> contend(std::size_t times, Make make, summing receive) {
  for (std::size_t time = 0; time < times; ++time) {
    auto [to, from] = make();
    for (std::size_t i = 0; i < senders; ++i) weft::spawn(send_each(to, each)).detach();
    auto sum = co_await receive(from);
    check(sum == senders * (each * (each - 1) / 2), "a channel changed a value");
  }
}

template <class Make>
weft::task<void> send_then_receive(std::size_t times, Make make, summing receive) {
  for (std::size_t time = 0; time < times; ++time) {
    auto [to, from] = make();
    co_await send_each(to, all);
    auto sum = co_await receive(from);
    check(sum == all * (all - 1) / 2, "a channel changed a value");
  }
}

auto bounded() {
  return mpsc<std::size_t>(wide);
}
auto bounded_full() {
  return mpsc<std::size_t>(narrow);
}
auto unbounded() {
  return mpsc_unbounded<std::size_t>();
}

void run_creations(runner& bench) {
  auto n = bench.scaled(200'000);
  for (std::size_t capacity : {1uz, 100uz, 100'000uz}) {
    bench.run("mpsc_create_medium_" + std::to_string(capacity), n,
              [n, capacity](weft::runtime&) { create(n, capacity); });
  }
  auto few = bench.scaled(10'000);
  bench.run_task("mpsc_send_medium_1000", n, [n] { return send_one<medium>(n); });
  bench.run_task("mpsc_send_large_1000", few, [few] { return send_one<large>(few); });
}

}  // namespace

void run_mpsc(runner& bench) {
  run_creations(bench);
  auto times = bench.scaled(300);
  auto contention = [&](const char* name, auto make, summing receive) {
    bench.run_task(name, times * all, [=] { return contend(times, make, receive); });
  };
  contention("mpsc_contention_bounded", bounded, sum_one_by_one);
  contention("mpsc_contention_bounded_recv_many", bounded, sum_many);
  contention("mpsc_contention_bounded_full", bounded_full, sum_one_by_one);
  contention("mpsc_contention_bounded_full_recv_many", bounded_full, sum_many);
  contention("mpsc_contention_unbounded", unbounded, sum_one_by_one);
  contention("mpsc_contention_unbounded_recv_many", unbounded, sum_many);
  auto alone = [&](const char* name, auto make, summing receive) {
    bench.run_task(name, times * all, [=] { return send_then_receive(times, make, receive); });
  };
  alone("mpsc_uncontented_bounded", bounded, sum_one_by_one);
  alone("mpsc_uncontented_bounded_recv_many", bounded, sum_many);
  alone("mpsc_uncontented_unbounded", unbounded, sum_one_by_one);
  alone("mpsc_uncontented_unbounded_recv_many", unbounded, sum_many);
}

}  // namespace bench

// Streams of what can be awaited again and again: the connections of a listener, signals, whatever
// a function returns.
//
//   auto clients = weft::incoming(listener) | weft::take(100);
//   auto reloads = weft::signals(SIGHUP) | weft::throttle(1s);
//
// None of them ends. An error is what `next()` yields, and the stream goes on, if it is asked.
// Cancel-safety: that of the operation that is awaited. Nothing is allocated. Channels, intervals
// and lines have a `next()` of their own, and are streams without a wrapper.
#pragma once

#include <weft/detail/stream_adaptor.hpp>
#include <weft/signal.hpp>

namespace weft {
inline namespace v0 {

namespace detail {

// What an operation yields, as what a stream's `next()` does.
template <class Operation>
class optional_awaiter : public leaf_awaiter<optional_awaiter<Operation>>,
                         public may_lend_bits < requires {
  decltype(polled<Operation>::awaiter)::lends_bits;
}> {
  using came = await_result_t<Operation>;
  using wraps = yields<value_or_unit<came>, false>;

 public:
  explicit optional_awaiter(Operation && operation) : inner_(std::move(operation)) {}
  static constexpr const char* name = "next of a stream";
  const task_header* nested_part() const noexcept {
    if constexpr (requires { inner_.awaiter.nested_part(); }) return inner_.awaiter.nested_part();
    return nullptr;
  }
  bool poll() noexcept {
    return inner_.awaiter.poll();
  }
  typename wraps::next take() {
    if constexpr (std::is_void_v<came>) {
      inner_.awaiter.take();
      return wraps::value(unit());
    } else {
      return wraps::value(inner_.awaiter.take());
    }
  }

 private:
  polled<Operation> inner_;
};
template <class Operation>
class [[nodiscard]] optional_operation {
 public:
  explicit optional_operation(Operation&& operation) : operation_(std::move(operation)) {}
  auto operator co_await() && { return optional_awaiter<Operation>(std::move(operation_)); }

 private:
  Operation operation_;
};

template <class Function>
class awaited_stream {
 public:
  explicit awaited_stream(Function&& function) : function_(std::move(function)) {}
  [[nodiscard]] auto next() {
    using operation = std::invoke_result_t<Function&>;
    static_assert(awaitable<operation>, "awaiting: the function returns nothing to be awaited");
    return optional_operation<operation>(function_());
  }

 private:
  Function function_;
};

template <class Listener>
struct accepts {
  Listener listener;
  explicit accepts(Listener&& from) noexcept : listener(std::move(from)) {}
  auto operator()() { return listener.accept(); }
};
template <class Listener>
struct accepts<Listener&> {
  Listener* listener;
  explicit accepts(Listener& from) noexcept : listener(&from) {}
  auto operator()() { return listener->accept(); }
};

struct hears {
  signal::listener listener;
  explicit hears(int number) noexcept : listener(number) {}
  auto operator()() { return listener.next(); }
};

}  // namespace detail

/// What the operation or task yields that `function()` returns, called anew for each `next()`. One
/// that yields a `result<T>` makes the stream fallible; one that yields nothing makes it a stream
/// of `unit`.
template <class Function>
auto awaiting(Function function) {
  return detail::awaited_stream<Function>(std::move(function));
}

/// The connections that `listener.accept()` yields. A listener that is given up is owned; one that
/// has a name is referred to. Errors: as `accept`; wait before the next one, as it says there.
template <class Listener>
  requires requires(std::remove_reference_t<Listener>& listener) { listener.accept(); }
auto incoming(Listener&& listener) {
  return awaiting(detail::accepts<Listener>(std::forward<Listener>(listener)));
}

/// The signals of one kind that come from now on, as numbers. Errors: as `signal::listener::next`.
inline auto signals(int number) {
  return awaiting(detail::hears(number));
}

}  // namespace v0
}  // namespace weft

// Streams: values that come one after the other, each of them awaited.
//
//   auto ticks(int count) -> weft::stream<int> {
//     for (int i = 0; i < count; ++i) {
//       co_await weft::sleep(1s);
//       co_yield i;
//     }
//   }
//
//   auto seconds = ticks(10);
//   while (auto second = co_await seconds.next()) use(*second);
//
// One that may fail yields results, and takes the error out of what it is asked for:
//
//   auto pages(client& from) -> weft::stream<weft::result<page>> {
//     for (int number = 1;; ++number) {
//       auto got = co_await or_return(from.page(number));     // an error ends the stream
//       if (got.empty()) co_return;
//       co_yield std::move(got);
//     }
//   }
//
//   auto all = pages(from);
//   while (auto page = co_await or_return(all.next())) use(*page);
//
// A *stream* is any object with a `next()` that returns an awaitable (see weft/leaf.hpp) of an
// `std::optional<T>`, or of a `result<std::optional<T>>` when it may fail: a value, or nothing at
// the end, or an error. After the end, or an error, it is not asked again, unless it says what it
// does then. `stream<T>` is the kind that a coroutine makes. Adaptors: weft/stream_adaptors.hpp.
#pragma once

#include <weft/detail/nested_task.hpp>
#include <weft/task.hpp>

#include <concepts>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

template <class T>
struct stream_step {
  static constexpr bool known = false;
};
template <class T>
struct stream_step<std::optional<T>> {
  static constexpr bool known = true;
  static constexpr bool fallible = false;
  using item = T;
};
template <class T>
struct stream_step<result<std::optional<T>>> {
  static constexpr bool known = true;
  static constexpr bool fallible = true;
  using item = T;
};

template <class Stream>
using next_operation_t = decltype(std::declval<std::remove_cvref_t<Stream>&>().next());
template <class Stream>
using stream_step_of = stream_step<await_result_t<next_operation_t<Stream>>>;

}  // namespace detail

/// A stream, or a reference to one: see the top of this header.
template <class Stream>
concept stream_like = requires(std::remove_cvref_t<Stream>& source) {
  { source.next() } -> awaitable;
} && detail::stream_step_of<Stream>::known;

/// A stream whose `next()` yields a result.
template <class Stream>
concept fallible_stream = stream_like<Stream> && detail::stream_step_of<Stream>::fallible;

/// What the stream's `next()` yields, without the optional and the result.
template <stream_like Stream>
using stream_item_t = typename detail::stream_step_of<Stream>::item;

/// What awaiting the stream's `next()` yields.
template <stream_like Stream>
using stream_next_t = await_result_t<detail::next_operation_t<Stream>>;

template <class T>
class stream;

namespace detail {

template <class T>
class next_awaiter;

// Holds what the body yielded last until somebody takes it, or how it ended.
template <class T>
class stream_promise final : public awaiting_promise<stream_promise<T>> {
 public:
  stream<T> get_return_object();
  void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }
  void return_void() noexcept {}

  template <class Value>
    requires std::is_constructible_v<T, Value&&>
  std::suspend_always yield_value(Value&& value) {
    outcome_.emplace(std::forward<Value>(value));
    if constexpr (is_result_v<T>) {
      if (!outcome_.value().has_value()) (void)this->finish();
    }
    return {};
  }
  // co_yield of an error as it is, or of one where none can be.
  template <class Value>
    requires(!std::is_constructible_v<T, Value &&> &&
             (std::is_constructible_v<error, Value &&> ||
              std::same_as<std::remove_cvref_t<Value>, std::unexpected<error>>))
  std::suspend_always yield_value(Value&& value) {
    static_assert(is_result_v<T>,
                  "co_yield: this stream cannot fail; let it be a weft::stream<weft::result<T>>");
    if constexpr (is_result_v<T>) set_error(error(std::forward<Value>(value)));
    (void)this->finish();
    return {};
  }
  // Also the or_return path; `finish` comes next, without resuming the coroutine.
  void set_error(error&& failure) noexcept
    requires is_result_v<T>
  {
    outcome_.emplace(std::unexpect, std::move(failure));
  }

 private:
  friend class next_awaiter<T>;
  bool settled() const noexcept { return static_cast<bool>(outcome_) || this->finished(); }

  outcome<T> outcome_;
  next_awaiter<T>* asker_ = nullptr;
};

template <class T>
struct next_of {
  using type = std::optional<T>;
  static type step(T&& yielded) { return type(std::move(yielded)); }
};
template <class T>
struct next_of<result<T>> {
  using type = result<std::optional<T>>;
  static type step(result<T>&& yielded) {
    if (!yielded) return std::unexpected(std::move(yielded).error());
    return type(std::in_place, std::move(*yielded));
  }
};

template <class T>
class next_awaiter : public leaf_awaiter<next_awaiter<T>> {
  using step = next_of<T>;

 public:
  explicit next_awaiter(stream<T>& source) noexcept : source_(source) {}
  ~next_awaiter() {
    if (!asked_) return;
    source_.handle_.promise().asker_ = nullptr;
    source_.part_.leave();
  }

  static constexpr const char* name = "next of a stream";
  const task_header* nested_part() const noexcept { return source_.part_.header(); }
  bool poll() noexcept {
    if (!source_.handle_) return consume_budget();
    auto& promise = source_.handle_.promise();
    if (promise.asker_ != this) ask(promise);
    auto& part = source_.part_;
    if (!promise.settled()) {
      if (part->on_leaf()) {
        part.poll_woken();
      } else {
        part.run(source_.handle_);
      }
      if (!promise.settled()) return part.suspend();
      part->root.current = nullptr;
    }
    return consume_budget();
  }
  typename step::type take() {
    if (!source_.handle_) return typename step::type(std::nullopt);
    auto& promise = source_.handle_.promise();
    asked_ = false;
    promise.asker_ = nullptr;
    outcome<T> taken(std::move(promise.outcome_));
    promise.outcome_.reset();
    if (promise.finished()) source_.reset();  // its frame is gone before the caller goes on
    if (!taken) return typename step::type(std::nullopt);
    return step::step(taken.take());
  }

 private:
  void ask(stream_promise<T>& promise) noexcept {
    if (promise.asker_)
      misuse("next() of a stream was awaited while another one of the same stream was pending");
    promise.asker_ = this;
    asked_ = true;
  }

  stream<T>& source_;
  bool asked_ = false;
};

template <class T>
class [[nodiscard]] next_operation {
 public:
  explicit next_operation(stream<T>& source) noexcept : source_(&source) {}
  auto operator co_await() && noexcept { return next_awaiter<T>(*source_); }

 private:
  stream<T>* source_;
};

}  // namespace detail

/// A stream that a coroutine makes: it yields values with `co_yield`, and awaits in between.
/// `stream<result<T>>` may fail: `co_yield` of an error or of `weft::fail(…)`, and `or_return`, end
/// it with that error.
///
/// It is lazy: the body runs only while somebody awaits `next()`, as a part of that task: nothing
/// is scheduled, and nothing allocated for an item. It may be moved between two `next()`, also to
/// another task of the same runtime.
///
/// Ownership: owns its coroutine frame and what that awaits; move-only. Destroying it cancels it,
/// wherever it is. Bounds: holds one item, that which `next()` was asked for. Exceptions: what the
/// body throws comes out of `next()` and ends the stream. Thread-safety: one thread at a time.
template <class T>
class [[nodiscard("a stream does nothing until its next() is awaited")]] stream {
 public:
  using promise_type = detail::stream_promise<T>;
  static_assert(std::is_object_v<T>, "stream<T>: T is an object; for nothing, take weft::unit");

  /// One that has ended.
  stream() noexcept : part_(nullptr) {}
  stream(stream&& other) noexcept
      : part_(std::move(other.part_)), handle_(std::exchange(other.handle_, {})) {}
  stream& operator=(stream&& other) noexcept {
    if (this != &other) {
      reset();
      part_ = std::move(other.part_);
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~stream() { reset(); }

  /// Yields what comes next: an `std::optional<T>`; of a `stream<result<T>>`, a
  /// `result<std::optional<T>>`. After the end, after an error and of one that was moved from: no
  /// value. One at a time, else the program ends; the stream stays where it is meanwhile.
  /// Cancel-safety: safe; the body goes on from where it was when `next()` is awaited again, and
  /// what it yielded and nobody took comes then.
  [[nodiscard]] auto next() noexcept { return detail::next_operation<T>(*this); }

  // For the runtime.
  explicit stream(std::coroutine_handle<promise_type> handle)
      : part_(detail::make_nested()), handle_(handle) {}

 private:
  friend class detail::next_awaiter<T>;
  // The frame goes first: parameters of the body may have branches in the part.
  void reset() noexcept {
    if (auto handle = std::exchange(handle_, {})) handle.destroy();
    part_.reset();
  }

  detail::owned_nested part_;
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
stream<T> detail::stream_promise<T>::get_return_object() {
  static_assert(alignof(stream_promise) <= 16,
                "stream<T>: frames are 16-byte aligned; hold T by pointer");
  return stream<T>(std::coroutine_handle<stream_promise>::from_promise(*this));
}

}  // namespace v0
}  // namespace weft

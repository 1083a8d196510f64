// Streams of what is there: a container, one value, none, what a function makes.
//
//   auto pages = weft::from(urls) | weft::map(fetch) | weft::buffered(10);
//
// All of them are always ready, and cost a unit of the budget an item, so that a loop over an
// endless one lets other tasks run. After the end they yield nothing for ever. Cancel-safety: safe.
// Thread-safety: one thread at a time.
#pragma once

#include <weft/detail/stream_adaptor.hpp>

#include <initializer_list>
#include <iterator>
#include <vector>

namespace weft {
inline namespace v0 {

namespace detail {

struct nothing_asked {
  static constexpr bool lends_bits = false;
};

// `Make::make()` yields an optional of the next item.
template <class Make>
class ready_stream
    : public polled_stream<
          ready_stream<Make>,
          yields<typename decltype(std::declval<Make&>().make())::value_type, false>> {
 public:
  using asked = nothing_asked;
  static constexpr const char* name = "source";
  explicit ready_stream(Make&& make) : make_(std::move(make)) {}

 private:
  friend typename ready_stream::polled_stream;
  bool poll_next(asked&) {
    if (!consume_budget()) return false;
    auto made = make_.make();
    if (!made) return this->yield_end();
    return this->yield_value(std::move(*made));
  }
  Make make_;
};

// The range is on the heap, so that moving the stream leaves its iterators valid.
template <class Range>
class items_of {
  using item = std::remove_cvref_t<decltype(*std::begin(std::declval<Range&>()))>;
  struct state {
    Range range;
    decltype(std::begin(std::declval<Range&>())) next;
    explicit state(Range&& from) : range(std::move(from)), next(std::begin(range)) {}
  };

 public:
  explicit items_of(Range&& range) : state_(std::make_unique<state>(std::move(range))) {}
  std::optional<item> make() {
    if (state_->next == std::end(state_->range)) return std::nullopt;
    std::optional<item> made(std::in_place, std::move(*state_->next));
    ++state_->next;
    return made;
  }

 private:
  std::unique_ptr<state> state_;
};

template <class T>
struct items_once {
  std::optional<T> left;
  explicit items_once(std::optional<T>&& value) : left(std::move(value)) {}
  std::optional<T> make() {
    std::optional<T> made(std::move(left));
    left.reset();
    return made;
  }
};

template <class Function>
struct items_repeated {
  using item = std::remove_cvref_t<std::invoke_result_t<Function&>>;
  Function function;
  explicit items_repeated(Function&& from) : function(std::move(from)) {}
  std::optional<item> make() { return std::optional<item>(std::in_place, function()); }
};

// The coroutine's parameters hold the state and the function.
template <class Item, bool Fallible, class State, class Function>
auto unfolded(State state, Function function)
    -> stream<std::conditional_t<Fallible, result<Item>, Item>> {
  while (true) {
    auto step = function(state);
    if constexpr (Fallible) {
      auto next = co_await or_return(std::move(step));
      if (!next) co_return;
      co_yield std::move(*next);
    } else {
      auto next = co_await std::move(step);
      if (!next) co_return;
      co_yield std::move(*next);
    }
  }
}

}  // namespace detail

/// The items of a container or other range, moved out of it. A range that is given by reference is
/// copied. Errors: none, but memory: one allocation.
template <class Range>
  requires requires(std::remove_cvref_t<Range>& range) {
    std::begin(range);
    std::end(range);
  }
auto from(Range&& range) {
  using items = detail::items_of<std::remove_cvref_t<Range>>;
  return detail::ready_stream<items>(items(std::remove_cvref_t<Range>(std::forward<Range>(range))));
}
template <class T>
auto from(std::initializer_list<T> items) {
  return from(std::vector<T>(items));
}

/// One item.
template <class T>
auto once(T value) {
  using items = detail::items_once<T>;
  return detail::ready_stream<items>(items(std::optional<T>(std::move(value))));
}

/// No item.
template <class T>
auto empty() {
  using items = detail::items_once<T>;
  return detail::ready_stream<items>(items(std::nullopt));
}

/// What `function()` returns, again and again, for ever.
template <class Function>
auto repeat_with(Function function) {
  using items = detail::items_repeated<Function>;
  return detail::ready_stream<items>(items(std::move(function)));
}

/// What the awaitables yield that `function(state)` returns: an `std::optional<T>`, or a
/// `result<std::optional<T>>`, up to the first that has no value, or an error, which ends the
/// stream. `function` is called with a reference to `state`, which the stream owns.
template <class State, class Function>
auto unfold(State state, Function function) {
  using step = detail::stream_step<await_result_t<std::invoke_result_t<Function&, State&>>>;
  static_assert(step::known,
                "unfold: the function returns an awaitable of a std::optional<T>, or of a "
                "weft::result<std::optional<T>>");
  return detail::unfolded<typename step::item, step::fallible>(std::move(state),
                                                               std::move(function));
}

}  // namespace v0
}  // namespace weft

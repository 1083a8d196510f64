// Adaptors that look at one item at a time: map, filter, take, skip and their like.
//
//   auto lines = weft::io::lines(connection) | weft::filter(not_empty) | weft::take(10);
//   while (auto line = co_await or_return(lines.next())) use(*line);
//
// `source | adaptor` takes over a source that is given up (`std::move` it, or it has no name), and
// refers to one that has a name, which must then outlive the result. Adaptors compose without a
// source, too: `auto first = weft::filter(not_empty) | weft::take(10)`.
//
// What all of them have in common. Errors of the source pass through, and the function is called
// with values only. A function that returns a `weft::result<U>` makes the stream fallible: its
// error is what `next()` yields; then the stream goes on, if it is asked. What a function throws
// comes out of `next()`. Ownership: functions are stored by value. Cancel-safety: that of the
// source's `next()`; an item that was taken from it is not lost. Nothing is allocated.
// Thread-safety: one thread at a time; functions are called by the thread that awaits.
#pragma once

#include <weft/detail/stream_adaptor.hpp>

#include <cstddef>
#include <limits>

namespace weft {
inline namespace v0 {

namespace detail {

// `Stage::feed(item)` makes an optional of what comes out of it; `Stage::over()` says that nothing
// will any more.
template <class Source, class Stage>
class staged_stream
    : public polled_stream<
          staged_stream<Source, Stage>,
          yields<typename Stage::template output<stream_item_t<Source>>, fallible_stream<Source>>> {
 public:
  using asked = next_slot<Source>;
  static constexpr const char* name = Stage::name;

  staged_stream(Source&& source, Stage&& stage)
      : source_(std::move(source)), stage_(std::move(stage)) {}

 private:
  friend typename staged_stream::polled_stream;
  bool poll_next(asked& from) {
    while (!stage_.over()) {
      if (!from.poll(source_)) return false;
      auto next = from.take();
      if (this->passes_on(next)) return true;
      auto made = stage_.feed(this->item_of(next));
      if (made) return this->yield_value(std::move(*made));
    }
    return this->yield_end();
  }

  Source source_;
  Stage stage_;
};

template <class Stage>
struct make_staged {
  Stage stage;
  explicit make_staged(Stage&& of) : stage(std::move(of)) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return staged_stream<Source, Stage>(std::forward<Source>(source), std::move(stage));
  }
};
template <class Stage>
auto staged(Stage&& stage) {
  return stream_adaptor<make_staged<Stage>>(make_staged<Stage>(std::forward<Stage>(stage)));
}

template <class Function>
class stage_with {
 public:
  template <class Item>
  using output = Item;
  explicit stage_with(Function&& called) : function(std::move(called)) {}
  bool over() const noexcept { return false; }

 protected:
  Function function;
};

template <class Returned>
struct mapped_item {
  static_assert(!std::is_void_v<Returned>,
                "map: the function returns nothing; weft::inspect looks at the items");
  using type = value_or_unit<std::remove_cvref_t<Returned>>;
};

template <class Function>
struct map_stage : stage_with<Function> {
  template <class Item>
  using output = typename mapped_item<std::invoke_result_t<Function&, Item>>::type;
  static constexpr const char* name = "map";
  using stage_with<Function>::stage_with;
  template <class Item>
  std::optional<output<Item>> feed(Item&& item) {
    return std::optional<output<Item>>(std::in_place, this->function(std::forward<Item>(item)));
  }
};

template <class Function>
struct inspect_stage : stage_with<Function> {
  static constexpr const char* name = "inspect";
  using stage_with<Function>::stage_with;
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    this->function(std::as_const(item));
    return std::optional<Item>(std::forward<Item>(item));
  }
};

template <class Function>
struct filter_stage : stage_with<Function> {
  static constexpr const char* name = "filter";
  using stage_with<Function>::stage_with;
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    if (!this->function(std::as_const(item))) return std::nullopt;
    return std::optional<Item>(std::forward<Item>(item));
  }
};

template <class Function>
struct filter_map_stage : stage_with<Function> {
  template <class Item>
  using output = typename std::remove_cvref_t<std::invoke_result_t<Function&, Item>>::value_type;
  static constexpr const char* name = "filter_map";
  using stage_with<Function>::stage_with;
  template <class Item>
  std::optional<output<Item>> feed(Item&& item) {
    return this->function(std::forward<Item>(item));
  }
};

struct enumerate_stage {
  template <class Item>
  using output = std::pair<std::size_t, Item>;
  static constexpr const char* name = "enumerate";
  std::size_t index = 0;
  bool over() const noexcept { return false; }
  template <class Item>
  std::optional<output<Item>> feed(Item&& item) {
    return std::optional<output<Item>>(std::in_place, index++, std::forward<Item>(item));
  }
};

struct take_stage {
  template <class Item>
  using output = Item;
  static constexpr const char* name = "take";
  std::size_t left;
  explicit take_stage(std::size_t count) noexcept : left(count) {}
  bool over() const noexcept { return left == 0; }
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    --left;
    return std::optional<Item>(std::forward<Item>(item));
  }
};

struct skip_stage {
  template <class Item>
  using output = Item;
  static constexpr const char* name = "skip";
  std::size_t left;
  explicit skip_stage(std::size_t count) noexcept : left(count) {}
  bool over() const noexcept { return false; }
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    if (left > 0) {
      --left;
      return std::nullopt;
    }
    return std::optional<Item>(std::forward<Item>(item));
  }
};

template <class Function>
struct take_while_stage : stage_with<Function> {
  static constexpr const char* name = "take_while";
  bool ended = false;
  using stage_with<Function>::stage_with;
  bool over() const noexcept { return ended; }
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    ended = !this->function(std::as_const(item));
    if (ended) return std::nullopt;
    return std::optional<Item>(std::forward<Item>(item));
  }
};

template <class Function>
struct map_while_stage : filter_map_stage<Function> {
  static constexpr const char* name = "map_while";
  bool ended = false;
  using filter_map_stage<Function>::filter_map_stage;
  bool over() const noexcept { return ended; }
  template <class Item>
  auto feed(Item&& item) {
    auto made = this->function(std::forward<Item>(item));
    ended = !made;
    return made;
  }
};

template <class Function>
struct skip_while_stage : stage_with<Function> {
  static constexpr const char* name = "skip_while";
  bool begun = false;
  using stage_with<Function>::stage_with;
  template <class Item>
  std::optional<Item> feed(Item&& item) {
    if (!begun && this->function(std::as_const(item))) return std::nullopt;
    begun = true;
    return std::optional<Item>(std::forward<Item>(item));
  }
};

}  // namespace detail

/// `function(item)` in place of each item.
template <class Function>
auto map(Function function) {
  return detail::staged(detail::map_stage<Function>(std::move(function)));
}
/// Calls `function(const item&)` for each item, and passes the item on.
template <class Function>
auto inspect(Function function) {
  return detail::staged(detail::inspect_stage<Function>(std::move(function)));
}
/// The items of which `function(const item&)` is true.
template <class Function>
auto filter(Function function) {
  return detail::staged(detail::filter_stage<Function>(std::move(function)));
}
/// What is in the optionals that `function(item)` returns.
template <class Function>
auto filter_map(Function function) {
  return detail::staged(detail::filter_map_stage<Function>(std::move(function)));
}
/// What is in the optionals that `function(item)` returns, up to the first that is empty: the end.
template <class Function>
auto map_while(Function function) {
  return detail::staged(detail::map_while_stage<Function>(std::move(function)));
}
/// Pairs of the item's number, from 0, and the item.
inline auto enumerate() {
  return detail::staged(detail::enumerate_stage());
}
/// The first `count` items; the source is not asked for more.
inline auto take(std::size_t count) {
  return detail::staged(detail::take_stage(count));
}
/// The items before the first of which `function(const item&)` is false. That one is lost.
template <class Function>
auto take_while(Function function) {
  return detail::staged(detail::take_while_stage<Function>(std::move(function)));
}
/// All but the first `count` items.
inline auto skip(std::size_t count) {
  return detail::staged(detail::skip_stage(count));
}
/// The items from the first on of which `function(const item&)` is false.
template <class Function>
auto skip_while(Function function) {
  return detail::staged(detail::skip_while_stage<Function>(std::move(function)));
}

}  // namespace v0
}  // namespace weft

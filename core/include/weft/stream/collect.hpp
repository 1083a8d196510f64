// What consumes a stream to its end, or until it knows enough: fold, collect, for_each, count, any,
// all, find.
//
//   auto sum = co_await (std::move(numbers) | weft::fold(0, std::plus()));
//   auto names = co_await or_return(std::move(lines) | weft::collect<std::vector<weft::bytes>>());
//
// `source | …` is an operation; over a stream that may fail it yields a result, and ends with the
// first error. A source that has a name is referred to, and can be asked again afterwards: what has
// been consumed is gone. Exceptions of a function come out of the `co_await`. Cancel-safety: what
// had been consumed is lost, with what was made of it; what had not stays in a source that has a
// name.
#pragma once

#include <weft/detail/stream_adaptor.hpp>

#include <cstddef>

namespace weft {
inline namespace v0 {

namespace detail {

// `Fold::add(item)` says whether that is enough; `Fold::take()` is what comes of all.
template <class Source, class Fold>
class fold_awaiter : public leaf_awaiter<fold_awaiter<Source, Fold>>,
                     public may_lend_bits<next_slot<Source>::lends_bits> {
  static constexpr bool fallible = fallible_stream<Source>;
  using value = decltype(std::declval<Fold&>().take());
  using result_type = std::conditional_t<fallible, result<value>, value>;

 public:
  fold_awaiter(Source&& source, Fold&& fold) : source_(std::move(source)), fold_(std::move(fold)) {}
  static constexpr const char* name = Fold::name;
  const task_header* nested_part() const noexcept { return asked_.nested_part(); }
  bool poll() noexcept {
    try {
      return add_all();
    } catch (...) {
      thrown_ = std::current_exception();
      return true;
    }
  }
  result_type take() {
    if (thrown_) std::rethrow_exception(thrown_);
    if constexpr (fallible) {
      if (failure_) return std::unexpected(std::move(*failure_));
      if constexpr (std::is_void_v<value>) {
        return {};
      } else {
        return result_type(fold_.take());
      }
    } else {
      return fold_.take();
    }
  }

 private:
  bool add_all() {
    while (true) {
      if (!asked_.poll(source_)) return false;
      auto next = asked_.take();
      if constexpr (fallible) {
        if (!next) {
          failure_.emplace(std::move(next).error());
          return true;
        }
        if (!*next || fold_.add(std::move(**next))) return true;
      } else {
        if (!next || fold_.add(std::move(*next))) return true;
      }
    }
  }

  Source source_;
  Fold fold_;
  next_slot<Source> asked_{};
  std::optional<error> failure_;
  std::exception_ptr thrown_;
};

template <class Source, class Fold>
class [[nodiscard("it does nothing until it is awaited")]] fold_operation {
 public:
  fold_operation(Source&& source, Fold&& fold)
      : source_(std::move(source)), fold_(std::move(fold)) {}
  auto operator co_await() && {
    return fold_awaiter<Source, Fold>(std::move(source_), std::move(fold_));
  }

 private:
  Source source_;
  Fold fold_;
};

template <class Fold>
struct make_fold {
  Fold fold;
  explicit make_fold(Fold&& of) : fold(std::move(of)) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return fold_operation<Source, Fold>(std::forward<Source>(source), std::move(fold));
  }
};
template <class Fold>
auto consumed_by(Fold&& fold) {
  return stream_adaptor<make_fold<Fold>>(make_fold<Fold>(std::forward<Fold>(fold)));
}

template <class Value, class Function>
struct folding {
  static constexpr const char* name = "fold";
  Value value;
  Function function;
  folding(Value&& initial, Function&& step)
      : value(std::move(initial)), function(std::move(step)) {}
  template <class Item>
  bool add(Item&& item) {
    value = function(std::move(value), std::forward<Item>(item));
    return false;
  }
  Value take() { return std::move(value); }
};

template <class Container>
struct collecting {
  static constexpr const char* name = "collect";
  Container all;
  explicit collecting(Container&& into) : all(std::move(into)) {}
  template <class Item>
  bool add(Item&& item) {
    if constexpr (requires { all.push_back(std::forward<Item>(item)); }) {
      all.push_back(std::forward<Item>(item));
    } else if constexpr (requires { all.append(item); }) {
      all.append(item);
    } else {
      all.insert(std::forward<Item>(item));
    }
    return false;
  }
  Container take() { return std::move(all); }
};

template <class Function>
struct visiting {
  static constexpr const char* name = "for_each";
  Function function;
  explicit visiting(Function&& visit) : function(std::move(visit)) {}
  template <class Item>
  bool add(Item&& item) {
    using returned = std::invoke_result_t<Function&, Item>;
    static_assert(!awaitable<std::remove_cvref_t<returned>>,
                  "for_each: the function returns something to be awaited; put it into weft::then");
    (void)function(std::forward<Item>(item));
    return false;
  }
  void take() noexcept {}
};

struct counting {
  static constexpr const char* name = "count";
  std::size_t items = 0;
  template <class Item>
  bool add(Item&&) noexcept {
    ++items;
    return false;
  }
  std::size_t take() const noexcept { return items; }
};

// Ends with the first item of which the function is `Wanted`.
template <class Function, bool Wanted>
struct asking {
  static constexpr const char* name = Wanted ? "any" : "all";
  Function function;
  bool answer = !Wanted;
  explicit asking(Function&& question) : function(std::move(question)) {}
  template <class Item>
  bool add(Item&& item) {
    if (static_cast<bool>(function(std::as_const(item))) == Wanted) answer = Wanted;
    return answer == Wanted;
  }
  bool take() const noexcept { return answer; }
};

template <class Item, class Function>
struct finding {
  static constexpr const char* name = "find";
  Function function;
  std::optional<Item> found;
  explicit finding(Function&& wanted) : function(std::move(wanted)) {}
  bool add(Item&& item) {
    if (!function(std::as_const(item))) return false;
    found.emplace(std::move(item));
    return true;
  }
  std::optional<Item> take() { return std::move(found); }
};
template <class Function>
struct make_find {
  Function function;
  explicit make_find(Function&& wanted) : function(std::move(wanted)) {}
  template <class Source>
  auto operator()(Source&& source) && {
    using fold = finding<stream_item_t<Source>, Function>;
    return fold_operation<Source, fold>(std::forward<Source>(source), fold(std::move(function)));
  }
};

}  // namespace detail

/// Begins with `initial` and puts `function(value, item)` in its place for each item.
template <class Value, class Function>
auto fold(Value initial, Function function) {
  return detail::consumed_by(
      detail::folding<Value, Function>(std::move(initial), std::move(function)));
}
/// All items in a container (by `push_back`, `append` or `insert`), behind those that are in `into`
/// already. Bounds: none of its own: put a `weft::take` before it where the source is not trusted.
template <class Container>
auto collect(Container into = Container()) {
  return detail::consumed_by(detail::collecting<Container>(std::move(into)));
}
/// Calls `function(item)` for each item. For a function that is to be awaited see `weft::then`.
template <class Function>
auto for_each(Function function) {
  return detail::consumed_by(detail::visiting<Function>(std::move(function)));
}
/// How many items there are.
inline auto count() {
  return detail::consumed_by(detail::counting());
}
/// Whether there is an item of which `function(const item&)` is true; asks for none after it.
template <class Function>
auto any(Function function) {
  return detail::consumed_by(detail::asking<Function, true>(std::move(function)));
}
/// Whether `function(const item&)` is true of every item; asks for none after the first of which it
/// is not.
template <class Function>
auto all(Function function) {
  return detail::consumed_by(detail::asking<Function, false>(std::move(function)));
}
/// The first item of which `function(const item&)` is true, in an optional; asks for none after it.
template <class Function>
auto find(Function function) {
  using make = detail::make_find<Function>;
  return detail::stream_adaptor<make>(make(std::move(function)));
}

}  // namespace v0
}  // namespace weft

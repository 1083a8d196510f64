// What the adaptors of streams are made of: `source | adaptor`, and how one stream asks another.
#pragma once

#include <weft/detail/single_branch.hpp>
#include <weft/stream.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// A task that is polled, as a leaf is.
template <class T>
class polled_task : public leaf_awaiter<polled_task<T>> {
 public:
  explicit polled_task(task<T>&& polled) : inner_(std::move(polled)) {}
  static constexpr const char* name = "task";
  static constexpr bool lends_bits = true;
  bool poll() noexcept {
    if (inner_.started()) return inner_.poll();
    return inner_.start(*this, current_execution().branch->ambient);
  }
  T take() { return inner_.result().take(); }
  void branch_done() noexcept { inner_.ended(); }

 private:
  single_branch<polled_task, task<T>> inner_;
};

// The awaiter of an operation, or of a task, made in place.
template <class Operation>
struct polled {
  decltype(std::declval<Operation&&>().operator co_await()) awaiter;
  explicit polled(Operation&& operation) : awaiter(std::move(operation).operator co_await()) {}
};
template <class T>
struct polled<task<T>> {
  polled_task<T> awaiter;
  explicit polled(task<T>&& operation) : awaiter(std::move(operation)) {}
};

// One `next()` of a source, for a leaf that polls it. When the leaf goes, so does that `next()`.
template <stream_like Source>
class next_slot {
  using operation = next_operation_t<Source>;
  using held = polled<operation>;

 public:
  static constexpr bool lends_bits = requires { decltype(held::awaiter)::lends_bits; };

  bool poll(Source& source) {
    if (!asked_) asked_.emplace(source.next());
    return asked_->awaiter.poll();
  }
  stream_next_t<Source> take() {
    struct gone {
      std::optional<held>& what;
      ~gone() { what.reset(); }
    } afterwards{asked_};
    return asked_->awaiter.take();
  }
  const task_header* nested_part() const noexcept {
    if constexpr (requires { asked_->awaiter.nested_part(); }) {
      if (asked_) return asked_->awaiter.nested_part();
    }
    return nullptr;
  }

 private:
  std::optional<held> asked_;
};

template <bool Lends>
struct may_lend_bits {};
template <>
struct may_lend_bits<true> {
  static constexpr bool lends_bits = true;
};

// What the stream of a `T` yields: a function that returns a `result<T>` makes it fallible.
template <class T, bool Fallible>
struct yields {
  static constexpr bool fallible = Fallible;
  using item = T;
  using next = std::conditional_t<Fallible, result<std::optional<T>>, std::optional<T>>;
  static next value(T&& item) {
    if constexpr (Fallible) {
      return next(std::in_place, std::move(item));
    } else {
      return next(std::move(item));
    }
  }
  static next end() { return next(std::nullopt); }
  static next failed(error&& failure) { return next(std::unexpect, std::move(failure)); }
};
template <class T, bool Fallible>
struct yields<result<T>, Fallible> : yields<T, true> {
  using base = yields<T, true>;
  static typename base::next value(result<T>&& item) {
    if (!item) return base::failed(std::move(item).error());
    return base::value(std::move(*item));
  }
};

// The base of a stream whose `Derived::poll_next(asked)` does one `next()`: it either returns
// false, and whatever is pending has registered the running branch, or settles `ready_` and returns
// true. What is pending lives in `asked`, a `Derived::asked` that is made and dropped with the
// awaiter; what must not be lost when that is dropped lives in the stream.
template <class Derived, class Yields>
class polled_stream {
 public:
  using next_type = typename Yields::next;

  polled_stream() noexcept = default;
  polled_stream(polled_stream&&) = default;
  polled_stream& operator=(polled_stream&&) = delete;

  /// Cancel-safety: that of the source's `next()`; what was taken from it is kept for the following
  /// one. One at a time; the stream stays where it is meanwhile.
  [[nodiscard]] auto next() noexcept { return operation(static_cast<Derived&>(*this)); }

 protected:
  bool yield(typename Yields::next&& next) {
    ready_.emplace(std::move(next));
    return true;
  }
  bool yield_value(auto&& item) { return yield(Yields::value(std::forward<decltype(item)>(item))); }
  bool yield_end() { return yield(Yields::end()); }
  // What `yield` was given, for later.
  next_type taken_back() {
    next_type next(std::move(ready_.value()));
    ready_.reset();
    return next;
  }
  // The end or the error of a source, if `next` of it is one.
  template <class Next>
  bool passes_on(Next& next) {
    if constexpr (is_result_v<Next>) {
      if (!next) return yield(Yields::failed(std::move(next).error()));
      if (!*next) return yield_end();
    } else {
      if (!next) return yield_end();
    }
    return false;
  }
  template <class Next>
  static decltype(auto) item_of(Next& next) {
    if constexpr (is_result_v<Next>) {
      return std::move(**next);
    } else {
      return std::move(*next);
    }
  }

 private:
  template <class D>
  class awaiter : public leaf_awaiter<awaiter<D>>, public may_lend_bits<D::asked::lends_bits> {
   public:
    explicit awaiter(D& source) noexcept : source_(source) {}
    static constexpr const char* name = D::name;
    const task_header* nested_part() const noexcept {
      if constexpr (requires { asked_.nested_part(); }) return asked_.nested_part();
      return nullptr;
    }
    bool poll() noexcept {
      auto& ready = source_.ready_;
      if (ready) return true;
      try {
        return source_.poll_next(asked_);
      } catch (...) {
        ready.fail(std::current_exception());
        return true;
      }
    }
    next_type take() {
      outcome<next_type> taken(std::move(source_.ready_));
      source_.ready_.reset();
      return taken.take();
    }

   private:
    D& source_;
    typename D::asked asked_{};
  };
  template <class D>
  class [[nodiscard]] operation_of {
   public:
    explicit operation_of(D& source) noexcept : source_(&source) {}
    auto operator co_await() && noexcept { return awaiter<D>(*source_); }

   private:
    D* source_;
  };
  template <class D>
  static auto operation(D& source) noexcept {
    return operation_of<D>(source);
  }

  outcome<next_type> ready_;  // polled, and not taken yet
};

// A stream that is used by reference: `source | …` of one that has a name.
template <stream_like Source>
class stream_reference {
 public:
  explicit stream_reference(Source& source) noexcept : source_(&source) {}
  auto next() { return source_->next(); }

 private:
  Source* source_;
};

template <class Next>
bool is_end(const Next& next) noexcept {
  if constexpr (is_result_v<Next>) {
    return next.has_value() && !next->has_value();
  } else {
    return !next.has_value();
  }
}

struct stream_adaptor_tag {};
template <class Adaptor>
concept any_stream_adaptor = std::derived_from<std::remove_cvref_t<Adaptor>, stream_adaptor_tag>;

// What stands on the right of `|`: `make(source)` is the adapted stream, or the operation that
// consumes it.
template <class Make>
class [[nodiscard]] stream_adaptor : public stream_adaptor_tag {
 public:
  explicit stream_adaptor(Make&& make) : make_(std::move(make)) {}
  template <class Source>
  auto apply(Source&& source) && {
    return std::move(make_)(std::forward<Source>(source));
  }

 private:
  Make make_;
};

template <any_stream_adaptor First, any_stream_adaptor Second>
struct one_after_the_other {
  First first;
  Second second;
  one_after_the_other(First&& inner, Second&& outer)
      : first(std::move(inner)), second(std::move(outer)) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return std::move(second).apply(std::move(first).apply(std::forward<Source>(source)));
  }
};

template <class Source, any_stream_adaptor Adaptor>
auto operator|(Source&& source, Adaptor&& adaptor) {
  using held = std::remove_cvref_t<Source>;
  using adapts = std::remove_cvref_t<Adaptor>;
  if constexpr (any_stream_adaptor<Source>) {
    using both = one_after_the_other<held, adapts>;
    return stream_adaptor<both>(
        both(held(std::forward<Source>(source)), adapts(std::forward<Adaptor>(adaptor))));
  } else {
    static_assert(
        stream_like<held>,
        "|: what is on the left is no stream: it needs a next() that returns an awaitable "
        "of a std::optional<T>, or of a weft::result<std::optional<T>>");
    if constexpr (!stream_like<held>) {
      return;
    } else if constexpr (std::is_lvalue_reference_v<Source>) {
      return adapts(std::forward<Adaptor>(adaptor)).apply(stream_reference<held>(source));
    } else {
      return adapts(std::forward<Adaptor>(adaptor)).apply(held(std::forward<Source>(source)));
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace weft

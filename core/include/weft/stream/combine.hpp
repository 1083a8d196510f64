// Adaptors that join streams, or items: chain, merge, zip, flatten, chunks, peekable.
//
//   auto all = std::move(first) | weft::merge(std::move(second));
//
// A stream that has a name is referred to, and must outlive the result; one that is given up is
// taken over. One that may fail makes the whole fallible. See weft/stream/transform.hpp for what
// all adaptors have in common.
#pragma once

#include <weft/detail/stream_adaptor.hpp>

#include <cstddef>
#include <vector>

namespace weft {
inline namespace v0 {

namespace detail {

// The stream itself, or a reference to one that has a name.
template <class Source>
using held_stream = std::conditional_t<std::is_lvalue_reference_v<Source>,
                                       stream_reference<std::remove_reference_t<Source>>,
                                       std::remove_cvref_t<Source>>;
template <class Source>
held_stream<Source> hold_stream(std::remove_reference_t<Source>& source) {
  if constexpr (std::is_lvalue_reference_v<Source>) {
    return held_stream<Source>(source);
  } else {
    return std::move(source);
  }
}

// Of two sources.
template <class First, class Second>
struct two_asked {
  static constexpr bool lends_bits = next_slot<First>::lends_bits || next_slot<Second>::lends_bits;
  next_slot<First> first{};
  next_slot<Second> second{};
};

template <class First, class Second>
inline constexpr bool either_fails = fallible_stream<First> || fallible_stream<Second>;

template <class First, class Second>
class chained_stream
    : public polled_stream<chained_stream<First, Second>,
                           yields<stream_item_t<First>, either_fails<First, Second>>> {
  static_assert(std::same_as<stream_item_t<First>, stream_item_t<Second>>,
                "chain: the two streams have different items");

 public:
  using asked = two_asked<First, Second>;
  static constexpr const char* name = "chain";
  chained_stream(First&& first, Second&& second)
      : first_(std::move(first)), second_(std::move(second)) {}

 private:
  friend typename chained_stream::polled_stream;
  bool poll_next(asked& from) {
    if (!first_ended_) {
      if (!from.first.poll(first_)) return false;
      auto next = from.first.take();
      first_ended_ = is_end(next);
      if (!first_ended_) return this->passes_on(next) || this->yield_value(this->item_of(next));
    }
    if (!from.second.poll(second_)) return false;
    auto next = from.second.take();
    return this->passes_on(next) || this->yield_value(this->item_of(next));
  }
  First first_;
  Second second_;
  bool first_ended_ = false;
};

// Looks at the two in turns, so that neither is starved.
template <class First, class Second>
class merged_stream
    : public polled_stream<merged_stream<First, Second>,
                           yields<stream_item_t<First>, either_fails<First, Second>>> {
  static_assert(std::same_as<stream_item_t<First>, stream_item_t<Second>>,
                "merge: the two streams have different items");

 public:
  using asked = two_asked<First, Second>;
  static constexpr const char* name = "merge";
  merged_stream(First&& first, Second&& second)
      : first_(std::move(first)), second_(std::move(second)) {}

 private:
  friend typename merged_stream::polled_stream;
  bool poll_next(asked& from) {
    auto second_is_next = second_is_next_;
    for (int turn = 0; turn < 2; ++turn, second_is_next = !second_is_next) {
      auto came = second_is_next ? look(from.second, second_, second_ended_)
                                 : look(from.first, first_, first_ended_);
      if (!came) continue;
      second_is_next_ = !second_is_next;
      return true;
    }
    return first_ended_ && second_ended_ && this->yield_end();
  }
  template <class Source>
  bool look(next_slot<Source>& from, Source& source, bool& ended) {
    if (ended || !from.poll(source)) return false;
    auto next = from.take();
    ended = is_end(next);
    if (ended) return false;
    return this->passes_on(next) || this->yield_value(this->item_of(next));
  }
  First first_;
  Second second_;
  bool first_ended_ = false;
  bool second_ended_ = false;
  bool second_is_next_ = false;
};

template <class First, class Second>
class zipped_stream
    : public polled_stream<zipped_stream<First, Second>,
                           yields<std::pair<stream_item_t<First>, stream_item_t<Second>>,
                                  either_fails<First, Second>>> {
 public:
  using asked = two_asked<First, Second>;
  static constexpr const char* name = "zip";
  zipped_stream(First&& first, Second&& second)
      : first_(std::move(first)), second_(std::move(second)) {}

 private:
  friend typename zipped_stream::polled_stream;
  using pair = std::pair<stream_item_t<First>, stream_item_t<Second>>;
  bool poll_next(asked& from) {
    auto waits = false;
    if (!left_ && look(from.first, first_, left_, waits)) return true;
    if (!right_ && look(from.second, second_, right_, waits)) return true;
    if (waits) return false;
    pair both(std::move(*left_), std::move(*right_));
    left_.reset();
    right_.reset();
    return this->yield_value(std::move(both));
  }
  // Whether the stream is over, or failed.
  template <class Source>
  bool look(next_slot<Source>& from, Source& source, std::optional<stream_item_t<Source>>& into,
            bool& waits) {
    if (!from.poll(source)) {
      waits = true;
      return false;
    }
    auto next = from.take();
    if (this->passes_on(next)) return true;
    into.emplace(this->item_of(next));
    return false;
  }
  First first_;
  Second second_;
  std::optional<stream_item_t<First>> left_;
  std::optional<stream_item_t<Second>> right_;
};

template <class Source>
class flat_stream : public polled_stream<flat_stream<Source>,
                                         yields<stream_item_t<stream_item_t<Source>>,
                                                either_fails<Source, stream_item_t<Source>>>> {
  using inner = stream_item_t<Source>;

 public:
  using asked = two_asked<Source, inner>;
  static constexpr const char* name = "flatten";
  explicit flat_stream(Source&& source) : source_(std::move(source)) {}

 private:
  friend typename flat_stream::polled_stream;
  bool poll_next(asked& from) {
    while (true) {
      if (current_) {
        if (!from.second.poll(*current_)) return false;
        auto next = from.second.take();
        if (!is_end(next)) return this->passes_on(next) || this->yield_value(this->item_of(next));
        current_.reset();
      }
      if (!from.first.poll(source_)) return false;
      auto next = from.first.take();
      if (this->passes_on(next)) return true;
      current_.emplace(this->item_of(next));
    }
  }
  Source source_;
  std::optional<inner> current_;
};

template <class Source>
class chunked_stream
    : public polled_stream<chunked_stream<Source>,
                           yields<std::vector<stream_item_t<Source>>, fallible_stream<Source>>> {
 public:
  using asked = next_slot<Source>;
  static constexpr const char* name = "chunks";
  chunked_stream(Source&& source, std::size_t size) : source_(std::move(source)), size_(size) {
    if (size == 0) misuse("chunks: a chunk has at least one item");
  }

 private:
  friend typename chunked_stream::polled_stream;
  using items = std::vector<stream_item_t<Source>>;
  // The end, or an error, comes after what was there before it.
  bool poll_next(asked& from) {
    if (after_) return this->yield(take_after());
    while (chunk_.size() < size_) {
      if (!from.poll(source_)) return false;
      auto next = from.take();
      if (this->passes_on(next)) {
        if (chunk_.empty()) return true;
        after_ = this->taken_back();
        return this->yield_value(std::exchange(chunk_, items()));
      }
      chunk_.push_back(this->item_of(next));
    }
    return this->yield_value(std::exchange(chunk_, items()));
  }
  auto take_after() {
    auto next = std::move(*after_);
    after_.reset();
    return next;
  }
  Source source_;
  std::size_t size_;
  items chunk_;
  std::optional<typename chunked_stream::next_type> after_;
};

// What the next one is, without taking it.
template <class Source>
class peekable_stream
    : public polled_stream<peekable_stream<Source>,
                           yields<stream_item_t<Source>, fallible_stream<Source>>> {
  using item = stream_item_t<Source>;
  using next_value = stream_next_t<Source>;

 public:
  using asked = next_slot<Source>;
  static constexpr const char* name = "peekable";
  explicit peekable_stream(Source&& source) : source_(std::move(source)) {}

  /// Yields a pointer to what `next()` will yield, or null at the end; of a source that may fail, a
  /// result of that, and an error that was peeked at is not seen by `next()` again. The pointer is
  /// good until the following `next()`, or until the stream is moved. Cancel-safety: safe.
  [[nodiscard]] auto peek() noexcept { return peek_operation(*this); }

 private:
  friend typename peekable_stream::polled_stream;
  bool poll_next(asked& from) {
    if (!peeked_) {
      if (!from.poll(source_)) return false;
      return this->yield(from.take());
    }
    next_value next(std::move(*peeked_));
    peeked_.reset();
    return this->yield(std::move(next));
  }

  class peek_awaiter : public leaf_awaiter<peek_awaiter>,
                       public may_lend_bits<next_slot<Source>::lends_bits> {
   public:
    using value = std::conditional_t<fallible_stream<Source>, result<item*>, item*>;
    explicit peek_awaiter(peekable_stream& of) noexcept : of_(of) {}
    static constexpr const char* name = "peek";
    bool poll() noexcept {
      if (of_.peeked_ || thrown_) return true;
      try {
        if (!asked_.poll(of_.source_)) return false;
        of_.peeked_.emplace(asked_.take());
      } catch (...) {
        thrown_ = std::current_exception();
      }
      return true;
    }
    value take() {
      if (thrown_) std::rethrow_exception(thrown_);
      auto& next = *of_.peeked_;
      if constexpr (fallible_stream<Source>) {
        if (!next) {
          auto failure = std::move(next).error();
          of_.peeked_.reset();
          return std::unexpected(std::move(failure));
        }
        return next->has_value() ? &**next : nullptr;
      } else {
        return next.has_value() ? &*next : nullptr;
      }
    }

   private:
    peekable_stream& of_;
    next_slot<Source> asked_{};
    std::exception_ptr thrown_;
  };
  class [[nodiscard]] peek_operation {
   public:
    explicit peek_operation(peekable_stream& of) noexcept : of_(&of) {}
    auto operator co_await() && noexcept { return peek_awaiter(*of_); }

   private:
    peekable_stream* of_;
  };

  Source source_;
  std::optional<next_value> peeked_;
};

template <template <class, class> class Stream, class Second>
struct make_of_two {
  Second second;
  explicit make_of_two(Second&& of) : second(std::move(of)) {}
  template <class First>
  auto operator()(First&& first) && {
    return Stream<First, Second>(std::forward<First>(first), std::move(second));
  }
};
template <template <class, class> class Stream, class Second>
auto of_two(std::remove_reference_t<Second>& second) {
  using make = make_of_two<Stream, held_stream<Second>>;
  return stream_adaptor<make>(make(hold_stream<Second>(second)));
}

template <template <class> class Stream>
struct make_of_one {
  make_of_one() noexcept = default;
  template <class Source>
  auto operator()(Source&& source) && {
    return Stream<Source>(std::forward<Source>(source));
  }
};

struct make_chunks {
  std::size_t size;
  explicit make_chunks(std::size_t of) noexcept : size(of) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return chunked_stream<Source>(std::forward<Source>(source), size);
  }
};

}  // namespace detail

/// All items of the source, then all of `second`.
template <stream_like Second>
auto chain(Second&& second) {
  return detail::of_two<detail::chained_stream, Second>(second);
}
/// The items of both, as they come; when both are ready, in turns. Ends when both have ended.
template <stream_like Second>
auto merge(Second&& second) {
  return detail::of_two<detail::merged_stream, Second>(second);
}
/// Pairs of an item of the source and one of `second`, which are asked at once. Ends when one of
/// them does; what the other one yielded then is lost.
template <stream_like Second>
auto zip(Second&& second) {
  return detail::of_two<detail::zipped_stream, Second>(second);
}
/// The items of the streams that the source yields, one stream after the other.
inline auto flatten() {
  using make = detail::make_of_one<detail::flat_stream>;
  return detail::stream_adaptor<make>(make());
}
/// Vectors of `size` (> 0) items; the last one, or one before an error, may be shorter. Bounds:
/// holds `size` items. Allocates a vector each.
inline auto chunks(std::size_t size) {
  return detail::stream_adaptor<detail::make_chunks>(detail::make_chunks(size));
}
/// The same items, and `peek()`, which tells the next one without taking it.
inline auto peekable() {
  using make = detail::make_of_one<detail::peekable_stream>;
  return detail::stream_adaptor<make>(make());
}

}  // namespace v0
}  // namespace weft

// Adaptors that look at the clock: timeout, throttle, chunks_timeout. Times are those of the
// runtime's clock, with a granularity of 1 ms, rounded up.
//
//   auto batches = std::move(events) | weft::chunks_timeout(100, 50ms);
//
// See weft/stream/transform.hpp for what all adaptors have in common.
#pragma once

#include <weft/detail/stream_adaptor.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <vector>

namespace weft {
inline namespace v0 {

namespace detail {

template <class Source>
class timed_stream {
 public:
  timed_stream(Source&& source, duration wait) : source_(std::move(source)), wait_(wait) {}
  [[nodiscard]] auto next() { return weft::timeout(wait_, source_.next()); }

 private:
  Source source_;
  duration wait_;
};

template <class Source>
struct asked_with_timer {
  static constexpr bool lends_bits = next_slot<Source>::lends_bits;
  next_slot<Source> from{};
  timer_entry timer{};

  // Whether `at` has come; else it wakes the running branch then.
  bool reached(time::time_point at) noexcept {
    if (timer.fired() || at <= time::now()) return true;
    if (!timer.armed()) timer.arm(deadline_ns(at));
    return timer.fired();
  }
};

template <class Source>
class throttled_stream
    : public polled_stream<throttled_stream<Source>,
                           yields<stream_item_t<Source>, fallible_stream<Source>>> {
 public:
  using asked = asked_with_timer<Source>;
  static constexpr const char* name = "throttle";
  throttled_stream(Source&& source, duration wait) : source_(std::move(source)), wait_(wait) {}

 private:
  friend typename throttled_stream::polled_stream;
  bool poll_next(asked& by) {
    if (due_ && !by.reached(*due_)) return false;
    if (!by.from.poll(source_)) return false;
    auto next = by.from.take();
    if (this->passes_on(next)) return true;
    due_ = time::after(wait_);
    return this->yield_value(this->item_of(next));
  }
  Source source_;
  duration wait_;
  std::optional<time::time_point> due_;
};

template <class Source>
class timed_chunks
    : public polled_stream<timed_chunks<Source>,
                           yields<std::vector<stream_item_t<Source>>, fallible_stream<Source>>> {
 public:
  using asked = asked_with_timer<Source>;
  static constexpr const char* name = "chunks_timeout";
  timed_chunks(Source&& source, std::size_t size, duration wait)
      : source_(std::move(source)), size_(size), wait_(wait) {
    if (size == 0) misuse("chunks_timeout: a chunk has at least one item");
  }

 private:
  friend typename timed_chunks::polled_stream;
  using items = std::vector<stream_item_t<Source>>;
  // The end, or an error, comes after what was there before it.
  bool poll_next(asked& by) {
    if (after_) {
      auto next = std::move(*after_);
      after_.reset();
      return this->yield(std::move(next));
    }
    while (chunk_.size() < size_) {
      if (!by.from.poll(source_)) {
        if (chunk_.empty() || !by.reached(due_)) return false;
        break;
      }
      auto next = by.from.take();
      if (this->passes_on(next)) {
        if (chunk_.empty()) return true;
        after_ = this->taken_back();
        break;
      }
      if (chunk_.empty()) due_ = time::after(wait_);
      chunk_.push_back(this->item_of(next));
    }
    return this->yield_value(std::exchange(chunk_, items()));
  }
  Source source_;
  std::size_t size_;
  duration wait_;
  items chunk_;
  time::time_point due_{};
  std::optional<typename timed_chunks::next_type> after_;
};

template <template <class> class Stream>
struct make_timed {
  duration wait;
  explicit make_timed(duration of) noexcept : wait(of) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return Stream<Source>(std::forward<Source>(source), wait);
  }
};
struct make_timed_chunks {
  std::size_t size;
  duration wait;
  make_timed_chunks(std::size_t most, duration longest) noexcept : size(most), wait(longest) {}
  template <class Source>
  auto operator()(Source&& source) && {
    return timed_chunks<Source>(std::forward<Source>(source), size, wait);
  }
};

}  // namespace detail

/// `errc::timed_out` in place of an item that has not come within `wait`, counted from when the
/// `next()` is awaited. The stream goes on afterwards: asked again, it waits for that same item.
inline auto timeout(duration wait) {
  using make = detail::make_timed<detail::timed_stream>;
  return detail::stream_adaptor<make>(make(wait));
}
/// At least `wait` between two items: the source is not asked for the next one before.
inline auto throttle(duration wait) {
  using make = detail::make_timed<detail::throttled_stream>;
  return detail::stream_adaptor<make>(make(wait));
}
/// Vectors of `size` (> 0) items, or of those that came within `wait` of the first of them; the
/// last one, or one before an error, may be shorter. None is empty. Bounds: holds `size` items.
/// Cancel-safety: safe; the items are kept, and the time goes on.
inline auto chunks_timeout(std::size_t size, duration wait) {
  using make = detail::make_timed_chunks;
  return detail::stream_adaptor<make>(make(size, wait));
}

}  // namespace v0
}  // namespace weft

// Adaptors that await what a stream yields: then, buffered, buffer_unordered.
//
//   auto pages = weft::from(urls) | weft::map(fetch) | weft::buffer_unordered(10);
//   while (auto page = co_await or_return(pages.next())) use(*page);
//
// The operations run as branches of the task that awaits `next()`: concurrently, on one thread, and
// only while somebody awaits it. They may borrow what outlives the stream; destroying the stream
// cancels them. The stream may move to another task between two `next()`.
//
// An operation that yields a `result<T>` makes the stream fallible: its error is what `next()`
// yields in its place, as is one of the source; then the stream goes on, if it is asked. What an
// operation throws comes out of `next()`, and ends the stream. Cancel-safety: safe; what was begun
// goes on with the following `next()`. Allocates: a coroutine frame and, for each operation that
// runs at once, its place, which is used again.
#pragma once

#include <weft/detail/in_flight.hpp>
#include <weft/stream/transform.hpp>

#include <cstddef>

namespace weft {
inline namespace v0 {

namespace detail {

// Hides a result from the stream that carries it, which would end with its error.
template <class T>
struct opaque {
  T value;
  explicit opaque(T&& hidden) : value(std::move(hidden)) {}
};
struct shows {
  template <class T>
  T operator()(opaque<T>&& hidden) const {
    return std::move(hidden.value);
  }
};

template <bool Ordered, class Source>
auto what_comes(Source source, std::size_t limit)
    -> stream<opaque<typename in_flight<Source, Ordered>::value>> {
  in_flight<Source, Ordered> all(source, limit);
  while (auto next = co_await all.next()) {
    co_yield opaque<typename in_flight<Source, Ordered>::value>(std::move(*next));
  }
}

template <bool Ordered>
struct make_buffered {
  std::size_t limit;
  explicit make_buffered(std::size_t most) : limit(most) {
    if (most == 0) misuse("buffered: at least one operation at a time");
  }
  template <class Source>
  auto operator()(Source&& source) && {
    static_assert(awaitable<stream_item_t<Source>>,
                  "buffered: the items of the source are neither tasks nor operations");
    return what_comes<Ordered>(std::forward<Source>(source), limit) | map(shows());
  }
};

}  // namespace detail

/// What the tasks and operations yield that the source yields, in its order, of which at most
/// `limit` (> 0) run at once. One that is done waits for those before it and counts meanwhile.
/// Cancel-safety: safe; see the top of this header.
inline auto buffered(std::size_t limit) {
  using make = detail::make_buffered<true>;
  return detail::stream_adaptor<make>(make(limit));
}
/// As `buffered`, in the order in which they are done.
inline auto buffer_unordered(std::size_t limit) {
  using make = detail::make_buffered<false>;
  return detail::stream_adaptor<make>(make(limit));
}
/// What the task or operation yields that `function(item)` returns, for one item after the other.
/// Cancel-safety: safe; see the top of this header.
template <class Function>
auto then(Function function) {
  return map(std::move(function)) | buffered(1);
}

}  // namespace v0
}  // namespace weft

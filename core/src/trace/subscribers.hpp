// Who listens at present, and what of each place in the program they want to hear.
#pragma once

#include <weft/trace/subscriber.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

struct span_record;

// Outputs that were installed together; constant.
struct subscriber_set : std::enable_shared_from_this<subscriber_set> {
  subscriber_set(std::uint32_t number, std::vector<trace::subscription>&& listeners) noexcept
      : generation(number), outputs(std::move(listeners)) {}
  std::uint32_t generation;
  std::vector<trace::subscription> outputs;
};

// Which outputs want to hear of something: a bit for each.
struct interest {
  std::uint16_t always = 0;
  std::uint16_t within_spans = 0;  // if a span around is one that a filter names
  bool none() const noexcept { return always == 0 && within_spans == 0; }
};

// Keeps the outputs where they are while a thread tells them something.
class subscribers_in_use {
 public:
  subscribers_in_use() noexcept;
  subscribers_in_use(const subscribers_in_use&) = delete;
  subscribers_in_use& operator=(const subscribers_in_use&) = delete;
  ~subscribers_in_use();
  const subscriber_set* get() const noexcept { return set_; }

 private:
  const subscriber_set* set_ = nullptr;
};

// As often as it is asked for one place, a lookup; the filters are read once.
interest interest_of(const subscriber_set& set, trace::level importance,
                     const std::source_location& where);
// Those of `wanted.within_spans` whose filters name `innermost` or a span around it, and all of
// `wanted.always`.
std::uint16_t settle_interest(const subscriber_set& set, interest wanted, trace::level importance,
                              const std::source_location& where, const span_record* innermost);

void count_untold() noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft

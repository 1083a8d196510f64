#include <weft/trace/outputs.hpp>

#include <new>
#include <utility>

#include "trace/format.hpp"
#include "trace/subscribers.hpp"

namespace weft {
inline namespace v0 {
namespace trace {

namespace {

collector::field keep(std::string_view name, const value& of) {
  collector::field made{std::string(name), {}};
  detail::append_value(made.value, of);
  return made;
}

}  // namespace

std::vector<collector::event> collector::events() const {
  std::lock_guard held(lock_);
  return events_;
}
std::vector<collector::span> collector::spans() const {
  std::lock_guard held(lock_);
  return spans_;
}
std::vector<std::string> collector::started() const {
  std::lock_guard held(lock_);
  return started_;
}
std::size_t collector::missed() const noexcept {
  std::lock_guard held(lock_);
  return missed_;
}
void collector::clear() noexcept {
  std::lock_guard held(lock_);
  events_.clear();
  spans_.clear();
  started_.clear();
  missed_ = 0;
}

void collector::on_event(const event_view& happened) noexcept {
  try {
    event made{happened.importance, std::string(happened.message), {}, {}, {}};
    for (const auto& one : happened.fields) made.fields.push_back(keep(one.name, one.what));
    for (auto one = happened.span; one; one = one->parent()) made.spans.emplace_back(one->name());
    if (happened.span) made.span = happened.span->identity();
    std::lock_guard held(lock_);
    if (events_.size() < limit_) {
      events_.push_back(std::move(made));
    } else {
      ++missed_;
    }
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

void collector::on_span_start(const span_view& begun) noexcept {
  try {
    std::lock_guard held(lock_);
    if (started_.size() < limit_) started_.emplace_back(begun.name());
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

void collector::on_span_end(const span_view& ended) noexcept {
  try {
    span made{std::string(ended.name()),
              ended.importance(),
              {},
              ended.identity(),
              ended.parent_identity(),
              ended.links(),
              ended.how_it_ended(),
              ended.description(),
              ended.duration(),
              ended.busy()};
    ended.for_each_field(
        [&](std::string_view name, const value& of) { made.fields.push_back(keep(name, of)); });
    std::lock_guard held(lock_);
    if (spans_.size() < limit_) {
      spans_.push_back(std::move(made));
    } else {
      ++missed_;
    }
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

}  // namespace trace
}  // namespace v0
}  // namespace weft

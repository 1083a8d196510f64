#include "metrics/series.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// Threads are numbered as they come to count something. 0: has no number yet.
facade::atomic<unsigned> last_number{0};
constinit thread_local unsigned own_number [[gnu::tls_model("initial-exec")]] = 0;

unsigned number_this_thread() noexcept {
  own_number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  return own_number;
}

}  // namespace

unsigned metric_series::cells_for_this_machine() noexcept {
  return std::bit_ceil(std::clamp(std::thread::hardware_concurrency(), 4u, 64u));
}

unsigned metric_series::this_cell() const noexcept {
  auto number = own_number;
  if (number == 0) [[unlikely]] {
    number = number_this_thread();
  }
  return number & (cells_ - 1);
}

void metric_series::record(double value) noexcept {
  if (!shape_->enabled.load(std::memory_order_relaxed) || std::isnan(value)) return;
  auto& upper = shape_->upper;
  auto bucket = std::lower_bound(upper.begin(), upper.end(), value) - upper.begin();
  auto cell = this_cell();
  word(cell, static_cast<std::size_t>(bucket)).fetch_add(1, std::memory_order_relaxed);
  auto& sum = word(cell, upper.size() + 1);
  auto seen = sum.load(std::memory_order_relaxed);
  while (!sum.compare_exchange_weak(
      seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + value),
      std::memory_order_relaxed)) {
  }
}

double metric_series::sum_of_values() const noexcept {
  double all = 0;
  for (unsigned cell = 0; cell < cells_; ++cell) {
    all +=
        std::bit_cast<double>(word(cell, shape_->upper.size() + 1).load(std::memory_order_relaxed));
  }
  return all;
}

void metric_handle::add(metric_series& to, std::uint64_t change) noexcept {
  to.add(change);
}
std::uint64_t metric_handle::sum(const metric_series& of) noexcept {
  return of.sum();
}

}  // namespace detail

namespace metrics {

void gauge::set(double to) const noexcept {
  if (auto* into = series()) into->set(to);
}
double gauge::value() const noexcept {
  return series() ? series()->get() : 0;
}

void histogram::record(double value) const noexcept {
  if (auto* into = series()) into->record(value);
}
bool histogram::enabled() const noexcept {
  return series() && series()->shape().enabled.load(std::memory_order_relaxed);
}
void histogram::enable(bool on) const noexcept {
  if (auto* of = series()) of->shape().enabled.store(on, std::memory_order_relaxed);
}
std::uint64_t histogram::count() const noexcept {
  std::uint64_t all = 0;
  if (auto* of = series()) {
    for (std::size_t bucket = 0; bucket <= of->shape().upper.size(); ++bucket) {
      all += of->sum(bucket);
    }
  }
  return all;
}
double histogram::sum() const noexcept {
  return series() ? series()->sum_of_values() : 0;
}

}  // namespace metrics
}  // namespace v0
}  // namespace weft

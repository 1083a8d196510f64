// Where the numbers of one metric are.
#pragma once

#include <weft/metrics.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// What the histograms of a family share.
struct histogram_shape {
  explicit histogram_shape(std::vector<double> bounds) : upper(std::move(bounds)) {}
  const std::vector<double> upper;
  facade::atomic<bool> enabled{true};
};

// A row of words for each cell; cells do not share cache lines, and threads are dealt out to cells.
//
// Memory orders: all relaxed. A number says nothing of anything else; what is read is the sum of
// what each cell had at some moment. Each word only grows, in one order that all agree on, so a
// thread that reads twice does not see a counter fall.
class metric_series {
 public:
  // Of numbers that are added (`cells` of them), or of a gauge (one).
  explicit metric_series(unsigned cells) : metric_series(cells, 1, nullptr) {}
  // Of a histogram: the counts, and the sum.
  metric_series(unsigned cells, std::shared_ptr<histogram_shape> shape)
      : metric_series(cells, shape->upper.size() + 2, shape) {}

  static unsigned cells_for_this_machine() noexcept;

  void add(std::uint64_t change) noexcept {
    word(this_cell(), 0).fetch_add(change, std::memory_order_relaxed);
  }
  std::uint64_t sum(std::size_t which = 0) const noexcept {
    std::uint64_t all = 0;
    for (unsigned cell = 0; cell < cells_; ++cell) {
      all += word(cell, which).load(std::memory_order_relaxed);
    }
    return all;
  }

  void set(double to) noexcept {
    word(0, 0).store(std::bit_cast<std::uint64_t>(to), std::memory_order_relaxed);
  }
  double get() const noexcept {
    return std::bit_cast<double>(word(0, 0).load(std::memory_order_relaxed));
  }

  histogram_shape& shape() const noexcept { return *shape_; }
  void record(double value) noexcept;
  double sum_of_values() const noexcept;

 private:
  static constexpr std::size_t words_a_line = 8;
  struct alignas(64) line {
    std::array<facade::atomic<std::uint64_t>, words_a_line> words{};
  };

  metric_series(unsigned cells, std::size_t words, std::shared_ptr<histogram_shape> shape)
      : cells_(cells),
        lines_a_cell_((words + words_a_line - 1) / words_a_line),
        lines_(std::make_unique<line[]>(cells * lines_a_cell_)),
        shape_(std::move(shape)) {}

  unsigned this_cell() const noexcept;
  facade::atomic<std::uint64_t>& word(unsigned cell, std::size_t which) const noexcept {
    return lines_[cell * lines_a_cell_ + which / words_a_line].words[which % words_a_line];
  }

  const unsigned cells_;  // a power of two
  const std::size_t lines_a_cell_;
  const std::unique_ptr<line[]> lines_;
  const std::shared_ptr<histogram_shape> shape_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft

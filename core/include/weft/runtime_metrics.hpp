// What a runtime counts of itself: always, and without stopping anybody.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft {
inline namespace v0 {

/// Of one worker. Counted by it alone; a reader sees each a moment late, and not all of one moment.
struct worker_metrics {
  std::uint64_t polls = 0;            ///< How often it ran a task,
  std::uint64_t local_schedules = 0;  ///< put one into its own queue,
  std::uint64_t overflows = 0;        ///< had no room there, and moved half to the common queue,
  std::uint64_t steals = 0;           ///< took tasks from another worker,
  std::uint64_t stolen_tasks = 0;     ///< (so many),
  std::uint64_t parks = 0;            ///< waited for work,
  std::uint64_t noops = 0;            ///< was woken, and ran nothing before it waited again,
  std::uint64_t budget_yields = 0;    ///< put a task behind others whose budget was used up.
  std::uint64_t io_events = 0;        ///< Events that it took from the kernel.
  std::chrono::nanoseconds busy{0};   ///< How long it did not wait.
  std::size_t queue_depth = 0;        ///< Tasks in its queue now.
};

/// Of a runtime: the sums over its workers, and what they share.
struct runtime_metrics : worker_metrics {
  std::size_t workers = 0;
  std::size_t alive_tasks = 0;            ///< Spawned, and not ended.
  std::uint64_t spawned_tasks = 0;        ///< Since the start.
  std::uint64_t remote_schedules = 0;     ///< Tasks that were woken or spawned by other threads.
  std::size_t injection_queue_depth = 0;  ///< Tasks in the common queue now.
  std::size_t blocking_threads = 0;       ///< Of the blocking pool,
  std::size_t idle_blocking_threads = 0;  ///< and of these, those without work.
  std::size_t blocking_queue_depth = 0;   ///< Calls that wait for a thread.
  std::size_t blocking_waiters = 0;       ///< Tasks that wait for room in that queue.
  std::uint64_t io_registered = 0;        ///< Descriptors that came to the driver,
  std::uint64_t io_deregistered = 0;      ///< and went.
};

/// How long tasks ran at a stretch, as a histogram by powers of two.
class poll_times {
 public:
  static constexpr std::size_t buckets = 24;

  /// How many took less than `bound(bucket)`, and not less than the bound before; the last bucket
  /// has all that took longer.
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
  /// 1 µs, 2 µs, 4 µs, … 4.2 s, and no bound for the last.
  static constexpr std::chrono::nanoseconds bound(std::size_t bucket) noexcept {
    return bucket + 1 < buckets ? std::chrono::microseconds(std::int64_t{1} << bucket)
                                : std::chrono::nanoseconds::max();
  }
  static constexpr std::size_t bucket_of(std::chrono::nanoseconds took) noexcept {
    std::size_t bucket = 0;
    while (took >= bound(bucket) && bucket + 1 < buckets) ++bucket;
    return bucket;
  }
  /// How many were measured.
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (auto count : counts_) sum += count;
    return sum;
  }
  std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds(sum_ns_); }
  /// Zero when none was.
  std::chrono::nanoseconds mean() const noexcept {
    auto measured = total();
    return measured ? std::chrono::nanoseconds(sum_ns_ / measured) : std::chrono::nanoseconds(0);
  }

  /// Adds what another worker measured.
  void add(std::size_t bucket, std::uint64_t count) noexcept { counts_[bucket] += count; }
  void add_sum(std::uint64_t nanoseconds) noexcept { sum_ns_ += nanoseconds; }

 private:
  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t sum_ns_ = 0;
};

}  // namespace v0
}  // namespace weft

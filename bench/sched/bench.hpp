// Options, the timing of one workload, and the line that is printed for it.
#pragma once

#include <weft/runtime.hpp>
#include <weft/sync/oneshot.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace bench {

// Ends the program when a workload did not do its work.
void check(bool holds, const char* what);

// Sends once when `hit` was called as often as was announced.
class done {
 public:
  static std::pair<std::shared_ptr<done>, weft::sync::oneshot_receiver<void>> after(
      std::size_t count);

  void hit() {
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) (void)sender_.send();
  }

  done(std::size_t count, weft::sync::oneshot_sender<void> sender)
      : remaining_(count), sender_(std::move(sender)) {}

 private:
  std::atomic<std::size_t> remaining_;
  weft::sync::oneshot_sender<void> sender_;
};

// Makes the compiler believe that somebody looks at it.
template <class T>
void keep(const T& value) noexcept {
  asm volatile("" : : "r"(&value) : "memory");
}

// The runtime of a workload. What names its threads has a runtime of its own.
enum class threads {
  as_asked,        // of --workers
  workers,         // the same; with --workers 0, one worker: where the program's own thread works
  current_thread,  // none: tasks run inside block_on
  one_worker,
};

class runner {
 public:
  using work = std::function<void(weft::runtime&)>;

  // Of the command line. Ends the program on one that it does not understand.
  runner(int count, char** arguments);

  // A count of the workload, times --scale.
  std::size_t scaled(std::size_t count) const;

  // `work` performs `n` operations on the runtime and blocks until they are done. What it returns,
  // if anything, is more fields for the line, each with a comma in front.
  void run(const std::string& name, std::size_t n, work repeated);
  void run_with_extra(const std::string& name, std::size_t n,
                      std::function<std::string(weft::runtime&)> repeated);
  // The same with the work as one task, which runs on a worker.
  void run_task(const std::string& name, std::size_t n, std::function<weft::task<void>()> repeated,
                threads on = threads::as_asked);
  // `prepare` makes the work, with what it needs that is not measured; destroying the work ends
  // that.
  void run_prepared(const std::string& name, std::size_t n, threads on,
                    const std::function<work(weft::runtime&)>& prepare);

  // How many workers the runtime of --workers has; at least 1.
  unsigned workers() const noexcept { return workers_ > 0 ? workers_ : 1; }
  // Whether --growth was given: other workloads then.
  bool growth() const noexcept { return growth_; }
  // A name that nobody knows is a mistake, not an empty run. The exit status of the program.
  int finish() const;

 private:
  bool wants(const std::string& name);
  void measure(const std::string& name, std::size_t n, weft::runtime& runtime,
               const std::function<std::string(weft::runtime&)>& repeated);
  weft::runtime make_runtime(threads on) const;

  unsigned workers_ = 2;
  unsigned repetitions_ = 5;
  double scale_ = 1;
  bool list_ = false;
  bool growth_ = false;
  std::set<std::string> wanted_;
  std::set<std::string> known_;
  std::unique_ptr<weft::runtime> runtime_;
};

// Waits on this thread, which is no worker, for what `done` announces.
void wait_for(weft::runtime& runtime, weft::sync::oneshot_receiver<void> all);

// One file each.
void run_scheduler(runner& bench);
void run_spawn(runner& bench);
void run_blocking(runner& bench);
void run_channels(runner& bench);
void run_mpsc(runner& bench);
void run_request_reply(runner& bench);
void run_fan_out(runner& bench);
void run_locks(runner& bench);
void run_notify(runner& bench);
void run_concurrent_locks(runner& bench);
void run_timers(runner& bench);
void run_timeouts(runner& bench);
void run_copy(runner& bench);
void run_signals(runner& bench);
void run_tcp(runner& bench);
void run_growth(runner& bench);

}  // namespace bench

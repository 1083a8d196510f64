// weft's side of `./dev bench sched`: scheduler, channel, lock, timer and socket workloads.
// Tokio's side, bench/peers/rust/src/bin/sched, has the same names and counts, and says what each
// is for.
//
//   sched [--workers 2] [--reps 5] [--scale 1.0] [--list] [NAME...]
//
// Prints one JSON line per workload. Without names it runs all. 0 workers is the current-thread
// runtime; the scale multiplies the work of each workload.
#include "bench.hpp"

int main(int count, char** arguments) {
  bench::runner runner(count, arguments);
  bench::run_scheduler(runner);
  bench::run_channels(runner);
  bench::run_locks(runner);
  bench::run_timers(runner);
  bench::run_tcp(runner);
  return runner.finish();
}

// weft's side of `./dev bench sched`: scheduler, channel, lock, timer and socket workloads.
// Tokio's side, bench/peers/rust/src/bin/sched, has the same names and counts, and says what each
// is for.
//
//   sched [--workers 2] [--reps 5] [--scale 1.0] [--growth] [--list] [NAME...]
//
// Prints one JSON line per workload. Without names it runs all. 0 workers is the current-thread
// runtime; the scale multiplies the work of each workload. --growth: the workloads of
// `./dev bench growth` in place of the others.
//
// The names, counts and sizes of Tokio's own benches/ are kept, with the bench's name in front
// where it needs one. What those await on the thread that blocks is a task on a worker here, on
// both sides, except where block_on itself is what is repeated (spawn, time_now).
#include "bench.hpp"

int main(int count, char** arguments) {
  bench::runner runner(count, arguments);
  if (runner.growth()) {
    bench::run_growth(runner);
    return runner.finish();
  }
  for (auto* run :
       {bench::run_scheduler, bench::run_spawn, bench::run_blocking, bench::run_channels,
        bench::run_mpsc, bench::run_request_reply, bench::run_fan_out, bench::run_locks,
        bench::run_notify, bench::run_concurrent_locks, bench::run_timers, bench::run_timeouts,
        bench::run_copy, bench::run_signals, bench::run_tcp}) {
    run(runner);
  }
  return runner.finish();
}

// Tokio's side of `./dev bench sched`: scheduler, channel, lock, timer and socket workloads.
// weft's side, bench/sched/, has the same names and counts.
//
//   sched [--workers 2] [--reps 5] [--scale 1.0] [--list] [NAME...]
//
// Prints one JSON line per workload. Without names it runs all. 0 workers is the current-thread
// runtime; the scale multiplies the work of each workload.

mod bench;
mod channels;
mod locks;
mod scheduler;
mod tcp;
mod timers;

fn main() {
    let mut bench = bench::Bench::from_arguments();
    scheduler::run(&mut bench);
    channels::run(&mut bench);
    locks::run(&mut bench);
    timers::run(&mut bench);
    tcp::run(&mut bench);
    bench.finish();
}

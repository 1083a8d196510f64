// Tokio's side of `./dev bench sched`: scheduler, channel, lock, timer and socket workloads.
// weft's side, bench/sched/, has the same names and counts.
//
//   sched [--workers 2] [--reps 5] [--scale 1.0] [--growth] [--list] [NAME...]
//
// Prints one JSON line per workload. Without names it runs all. 0 workers is the current-thread
// runtime; the scale multiplies the work of each workload. --growth: the workloads of
// `./dev bench growth` in place of the others.

mod bench;
mod blocking;
mod channels;
mod concurrent_locks;
mod copy;
mod fan_out;
mod generator;
mod growth;
mod locks;
mod mpsc;
mod notify;
mod request_reply;
mod scheduler;
mod signals;
mod spawn;
mod tcp;
mod timeouts;
mod timers;

fn main() {
    let mut bench = bench::Bench::from_arguments();
    if bench.growth() {
        growth::run(&mut bench);
        return bench.finish();
    }
    for run in [
        scheduler::run,
        spawn::run,
        blocking::run,
        channels::run,
        mpsc::run,
        request_reply::run,
        fan_out::run,
        locks::run,
        notify::run,
        concurrent_locks::run,
        timers::run,
        timeouts::run,
        copy::run,
        signals::run,
        tcp::run,
    ] {
        run(&mut bench);
    }
    bench.finish();
}

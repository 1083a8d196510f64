// `./dev bench growth`: what a task or a timer costs among N of them, from one to a million. Each
// workload is to run in a process of its own, else the memory of an earlier one is used again.

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{sleep, Instant, Sleep};

use crate::bench::Bench;

const SMALLEST_RUN: usize = 100_000;

pub fn run(bench: &mut Bench) {
    workloads(bench, "tasks_held_", SMALLEST_RUN, hold_tasks);
    workloads(bench, "timers_cancelled_", SMALLEST_RUN, cancel_timers);
    workloads(bench, "timers_fired_", 5, fire_timers);
}

fn workloads<Fut>(
    bench: &mut Bench,
    name: &str,
    most_times: usize,
    work: fn(usize, usize, Grown) -> Fut,
) where
    Fut: Future<Output = Grown> + Send + 'static,
{
    for count in (0..7).map(|power| 10usize.pow(power)) {
        let times = (bench.scaled(SMALLEST_RUN) / count).clamp(1, most_times);
        let mut memory = Grown::default();
        bench.run_with_extra(&format!("{name}{count}"), count * times, |runtime| {
            let working = runtime.spawn(work(count, times, memory));
            memory = runtime.block_on(working).unwrap();
            memory.field(count)
        });
    }
}

fn resident_bytes() -> usize {
    let line = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = line.split(' ').nth(1).unwrap().parse().unwrap();
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize
}

/// How much the process has grown at its first full round.
#[derive(Clone, Copy, Default)]
struct Grown {
    before: usize,
    bytes: usize,
}

impl Grown {
    fn start(&mut self) {
        if self.before == 0 {
            self.before = resident_bytes();
        }
    }

    fn full(&mut self) {
        if self.bytes == 0 {
            self.bytes = (resident_bytes() - self.before).max(1);
        }
    }

    fn field(&self, count: usize) -> String {
        format!(",\"bytes_per_op\":{:.1}", self.bytes as f64 / count as f64)
    }
}

struct Crowd {
    size: usize,
    arrived: AtomicUsize,
    all_arrived: Notify,
    leave: Notify,
}

async fn stay(crowd: Arc<Crowd>) {
    let leaving = crowd.leave.notified();
    if crowd.arrived.fetch_add(1, AcqRel) + 1 == crowd.size {
        crowd.all_arrived.notify_one();
    }
    leaving.await;
}

/// Spawns N tasks, waits until all of them wait, wakes all and joins each.
async fn hold_tasks(tasks: usize, times: usize, mut memory: Grown) -> Grown {
    let crowd = Arc::new(Crowd {
        size: tasks,
        arrived: AtomicUsize::new(0),
        all_arrived: Notify::new(),
        leave: Notify::new(),
    });
    let mut spawned = Vec::new();
    memory.start();
    for _ in 0..times {
        crowd.arrived.store(0, Relaxed);
        spawned.reserve(tasks);
        for _ in 0..tasks {
            spawned.push(tokio::spawn(stay(crowd.clone())));
        }
        crowd.all_arrived.notified().await;
        memory.full();
        crowd.leave.notify_waiters();
        for one in spawned.drain(..) {
            one.await.unwrap();
        }
    }
    memory
}

/// Registers N sleeps of 10 to 110 s, and cancels them. An earlier one is known to the driver all the
/// time: without, each would wake the driver.
async fn cancel_timers(timers: usize, times: usize, mut memory: Grown) -> Grown {
    let mut pending: Vec<Pin<Box<Sleep>>> = Vec::new();
    let mut earlier = Box::pin(sleep(Duration::from_secs(9)));
    start(&mut earlier).await;
    for _ in 0..4 {
        yield_now().await;
    }
    memory.start();
    for _ in 0..times {
        pending.reserve(timers);
        for i in 0..timers {
            let wait = Duration::from_millis(10_000 + (i as u64 * 7919) % 100_000);
            pending.push(Box::pin(sleep(wait)));
            start(pending.last_mut().unwrap()).await;
        }
        memory.full();
        pending.clear();
    }
    memory
}

/// Polls a sleep, which registers it. A pending sleep gives its budget back, so each really is.
async fn start(sleep: &mut Pin<Box<Sleep>>) {
    poll_fn(|context| {
        assert!(sleep.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// N tasks with a sleep of 10 to 100 ms each.
async fn fire_timers(timers: usize, times: usize, mut memory: Grown) -> Grown {
    let mut spawned = Vec::new();
    memory.start();
    for _ in 0..times {
        spawned.reserve(timers);
        for i in 0..timers {
            let wait = Duration::from_millis(10 + (i as u64 * 7919) % 91);
            spawned.push(tokio::spawn(async move {
                let due = Instant::now() + wait;
                sleep(wait).await;
                assert!(Instant::now() >= due);
            }));
        }
        memory.full();
        for one in spawned.drain(..) {
            one.await.unwrap();
        }
    }
    memory
}

// Tokio's spawn, rt_current_thread and remote_spawn, and of rt_multi_threaded what spawns from
// outside: by the thread that blocks, while the workers are idle or busy, and by several threads at
// once. An operation is one task; for spawn and spawn10, one block_on.

use std::future::Future;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::{yield_now, JoinHandle};

use crate::bench::{Bench, On, Threads};

pub fn run(bench: &mut Bench) {
    block_ons(bench);
    current_thread(bench);
    remote(bench);
    several_threads(bench);
}

async fn work() -> usize {
    let value = black_box(1) + 1;
    yield_now().await;
    value
}

async fn spawn_one() {
    assert_eq!(tokio::spawn(work()).await.unwrap(), 2);
}

async fn spawn_ten() {
    let mut spawned = Vec::with_capacity(10);
    for _ in 0..10 {
        spawned.push(tokio::spawn(work()));
    }
    for one in spawned {
        assert_eq!(one.await.unwrap(), 2);
    }
}

fn block_ons(bench: &mut Bench) {
    fn run<Fut: Future>(
        bench: &mut Bench,
        name: &str,
        threads: Threads,
        n: usize,
        made: impl Fn() -> Fut,
    ) {
        bench.run_prepared(name, n, threads, |_| {
            |on: &On| {
                for _ in 0..n {
                    on.runtime.block_on(made());
                }
            }
        });
    }
    let n = bench.scaled(200_000);
    let crossings = bench.scaled(10_000);
    let (current, one) = (Threads::CurrentThread, Threads::OneWorker);
    run(bench, "basic_scheduler_spawn", current, n, spawn_one);
    run(
        bench,
        "basic_scheduler_spawn10",
        current,
        n / 4 + 1,
        spawn_ten,
    );
    run(bench, "threaded_scheduler_spawn", one, crossings, spawn_one);
    run(
        bench,
        "threaded_scheduler_spawn10",
        one,
        crossings,
        spawn_ten,
    );
    // No bench of Tokio's: what its others have in them, and these leave out.
    run(
        bench,
        "threaded_scheduler_block_on",
        one,
        crossings,
        || async {},
    );
}

async fn join(spawned: &mut Vec<JoinHandle<()>>) {
    for one in spawned.drain(..) {
        one.await.unwrap();
    }
}

fn spawn_remotely(runtime: &Runtime, times: usize, tasks: usize) {
    let mut spawned = Vec::with_capacity(tasks);
    for _ in 0..times {
        for _ in 0..tasks {
            spawned.push(runtime.spawn(async {}));
        }
        runtime.block_on(join(&mut spawned));
    }
}

fn current_thread(bench: &mut Bench) {
    const TASKS: usize = 1000;
    let times = bench.scaled(200);
    let n = times * TASKS;
    let threads = Threads::CurrentThread;
    bench.run_prepared("current_thread_spawn_many_local", n, threads, |_| {
        |on: &On| {
            for _ in 0..times {
                on.runtime.block_on(async {
                    let mut spawned = Vec::with_capacity(TASKS);
                    for _ in 0..TASKS {
                        spawned.push(tokio::spawn(async {}));
                    }
                    join(&mut spawned).await;
                });
            }
        }
    });
    bench.run_prepared("current_thread_spawn_many_remote_idle", n, threads, |_| {
        |on: &On| spawn_remotely(&on.runtime, times, TASKS)
    });
    bench.run_prepared(
        "current_thread_spawn_many_remote_busy",
        n,
        threads,
        |runtime| {
            fn spawn_again_and_again() {
                tokio::spawn(async { spawn_again_and_again() });
            }
            runtime.spawn(async { spawn_again_and_again() });
            |on: &On| spawn_remotely(&on.runtime, times, TASKS)
        },
    );
}

fn stall() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(10) {
        std::thread::yield_now();
    }
}

/// On until it is dropped; then waits for those who look at it.
struct Busy {
    on: Arc<AtomicBool>,
    left: Arc<AtomicUsize>,
}

impl Busy {
    fn new(tasks: usize) -> Busy {
        Busy {
            on: Arc::new(AtomicBool::new(true)),
            left: Arc::new(AtomicUsize::new(tasks)),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.on.store(false, SeqCst);
        while self.left.load(SeqCst) > 0 {
            std::thread::yield_now();
        }
    }
}

async fn stall_and_yield(on: Arc<AtomicBool>, left: Arc<AtomicUsize>) {
    while on.load(Relaxed) {
        yield_now().await;
        stall();
    }
    left.fetch_sub(1, SeqCst);
}

fn stall_and_spawn(on: Arc<AtomicBool>, left: Arc<AtomicUsize>) {
    tokio::spawn(async move {
        if on.load(Relaxed) {
            stall();
            stall_and_spawn(on, left);
        } else {
            left.fetch_sub(1, SeqCst);
        }
    });
}

fn remote(bench: &mut Bench) {
    const TASKS: usize = 10_000;
    let times = bench.scaled(20);
    bench.run("spawn_many_remote_idle", times * TASKS, |runtime| {
        spawn_remotely(runtime, times, TASKS)
    });

    let (times, stalling) = (bench.scaled(1), 2 * bench.workers());
    let name = "spawn_many_remote_busy1";
    bench.run_prepared(name, times * TASKS, Threads::Workers, |runtime| {
        let busy = Busy::new(stalling);
        for _ in 0..stalling {
            runtime.spawn(stall_and_yield(busy.on.clone(), busy.left.clone()));
        }
        move |on: &On| {
            black_box(&busy);
            spawn_remotely(&on.runtime, times, TASKS)
        }
    });

    let (times, stalling) = (bench.scaled(1), bench.workers());
    let name = "spawn_many_remote_busy2";
    bench.run_prepared(name, times * 1000, Threads::Workers, |runtime| {
        let busy = Busy::new(stalling);
        for _ in 0..stalling {
            let (on, left) = (busy.on.clone(), busy.left.clone());
            runtime.spawn(async move { stall_and_spawn(on, left) });
        }
        move |on: &On| {
            black_box(&busy);
            spawn_remotely(&on.runtime, times, 1000)
        }
    });
}

fn several_threads(bench: &mut Bench) {
    const TASKS: usize = 12_800;
    let times = bench.scaled(20);
    for spawners in [1, 2] {
        let name = format!("remote_spawn_threads_{spawners}");
        bench.run(&name, times * TASKS, |runtime| {
            for _ in 0..times {
                let together = Barrier::new(spawners);
                let spawn = || {
                    let mut own = Vec::with_capacity(TASKS / spawners);
                    together.wait();
                    for _ in 0..TASKS / spawners {
                        own.push(runtime.spawn(async {}));
                    }
                    own
                };
                let spawned: Vec<_> = std::thread::scope(|scope| {
                    let running: Vec<_> = (0..spawners).map(|_| scope.spawn(spawn)).collect();
                    running.into_iter().map(|one| one.join().unwrap()).collect()
                });
                for mut own in spawned {
                    runtime.block_on(join(&mut own));
                }
            }
        });
    }
}

// Spawning, yielding and waking. The first five follow Tokio's own benches/rt_multi_threaded.rs,
// repeated inside a repetition until it is long enough to time.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::bench::{Bench, Done};

const SPAWNED: usize = 10_000;
const YIELDING: usize = 200;
const YIELDS: usize = 1000;
const PAIRS: usize = 1000;
const LINKS: usize = 1000;

pub fn run(bench: &mut Bench) {
    let times = bench.scaled(50);
    // 10k tasks spawned by a task on a worker.
    bench.run("spawn_many_local", times * SPAWNED, |runtime| {
        for _ in 0..times {
            let (done, all) = Done::new(SPAWNED);
            runtime.spawn(async move { spawn_many(&done) });
            runtime.block_on(all).unwrap();
        }
    });
    // The same from the thread that blocks, which is no worker: through the injection queue.
    bench.run("spawn_many_remote", times * SPAWNED, |runtime| {
        for _ in 0..times {
            let (done, all) = Done::new(SPAWNED);
            runtime.block_on(async {
                spawn_many(&done);
                all.await.unwrap();
            });
        }
    });

    let times = bench.scaled(5);
    // 200 tasks of 1000 yields; an operation is one yield.
    bench.run("yield_many", times * YIELDING * YIELDS, |runtime| {
        for _ in 0..times {
            let (done, all) = Done::new(YIELDING);
            for _ in 0..YIELDING {
                let done = done.clone();
                runtime.spawn(async move {
                    for _ in 0..YIELDS {
                        yield_now().await;
                    }
                    done.hit();
                });
            }
            runtime.block_on(all).unwrap();
        }
    });

    let times = bench.scaled(200);
    // 1000 pairs of tasks, one ping and one pong each over oneshots; an operation is one pair.
    bench.run("ping_pong", times * PAIRS, |runtime| {
        for _ in 0..times {
            let (done, all) = Done::new(PAIRS);
            runtime.block_on(async {
                tokio::spawn(async move {
                    for _ in 0..PAIRS {
                        tokio::spawn(ping_pong(done.clone()));
                    }
                });
                all.await.unwrap();
            });
        }
    });

    let times = bench.scaled(500);
    // A chain of 1000 tasks, each of which spawns the next; an operation is one link.
    bench.run("chained_spawn", times * LINKS, |runtime| {
        for _ in 0..times {
            let (done, end) = Done::new(1);
            runtime.block_on(async {
                tokio::spawn(async move { chain(done, LINKS) });
                end.await.unwrap();
            });
        }
    });

    let n = bench.scaled(500_000);
    // Spawn a task and await its handle, one at a time, from a worker.
    bench.run_task("spawn_join_sequential", n, || async move {
        for i in 0..n {
            assert_eq!(tokio::spawn(async move { i }).await.unwrap(), i);
        }
    });
}

fn spawn_many(done: &Arc<Done>) {
    for _ in 0..SPAWNED {
        let done = done.clone();
        tokio::spawn(async move { done.hit() });
    }
}

async fn ping_pong(done: Arc<Done>) {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    tokio::spawn(async move {
        pinged.await.unwrap();
        pong.send(()).unwrap();
    });
    ping.send(()).unwrap();
    ponged.await.unwrap();
    done.hit();
}

fn chain(done: Arc<Done>, links: usize) {
    if links == 0 {
        done.hit();
    } else {
        tokio::spawn(async move { chain(done, links - 1) });
    }
}

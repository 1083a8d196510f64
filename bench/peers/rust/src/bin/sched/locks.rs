// Mutex, semaphore, notify. An operation is one acquisition, or one round trip of notify.
//
// The plain contended workloads seldom queue, since a holder is rarely interrupted; those that hold
// over a yield nearly always do.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, Semaphore};
use tokio::task::yield_now;

use crate::bench::{Bench, Done};

const TASKS: usize = 4;

pub fn run(bench: &mut Bench) {
    let n = bench.scaled(1_000_000);
    mutexes(bench, n);
    semaphores(bench, n);

    let n = bench.scaled(300_000);
    bench.run("notify_ping_pong", n, |runtime| {
        let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (pinged, ponging) = (ping.clone(), pong.clone());
        runtime.spawn(async move {
            for _ in 0..n {
                pinged.notified().await;
                ponging.notify_one();
            }
        });
        let pinging = runtime.spawn(async move {
            for _ in 0..n {
                ping.notify_one();
                pong.notified().await;
            }
        });
        runtime.block_on(pinging).unwrap();
    });
}

fn mutexes(bench: &mut Bench, n: usize) {
    let share = n / TASKS;
    bench.run_task("mutex_uncontended", n, || async move {
        let mutex = Mutex::new(0usize);
        for _ in 0..n {
            *mutex.lock().await += 1;
        }
        assert_eq!(*mutex.lock().await, n);
    });
    bench.run("mutex_contended_4tasks", share * TASKS, |runtime| {
        let mutex = Arc::new(Mutex::new(0usize));
        let (done, all) = Done::new(TASKS);
        for _ in 0..TASKS {
            let (mutex, done) = (mutex.clone(), done.clone());
            runtime.spawn(async move {
                for _ in 0..share {
                    *mutex.lock().await += 1;
                }
                done.hit();
            });
        }
        runtime.block_on(all).unwrap();
        assert_eq!(
            runtime.block_on(async { *mutex.lock().await }),
            share * TASKS
        );
    });
    let share = share / 5;
    bench.run("mutex_4tasks_hold_yield", share * TASKS, |runtime| {
        let mutex = Arc::new(Mutex::new(0usize));
        let (done, all) = Done::new(TASKS);
        for _ in 0..TASKS {
            let (mutex, done) = (mutex.clone(), done.clone());
            runtime.spawn(async move {
                for _ in 0..share {
                    let mut guard = mutex.lock().await;
                    *guard += 1;
                    yield_now().await;
                    drop(guard);
                }
                done.hit();
            });
        }
        runtime.block_on(all).unwrap();
    });
}

fn semaphores(bench: &mut Bench, n: usize) {
    let share = n / TASKS;
    bench.run_task("semaphore_uncontended", n, || async move {
        let semaphore = Semaphore::new(10);
        for _ in 0..n {
            drop(semaphore.acquire().await.unwrap());
        }
    });
    bench.run("semaphore_2permits_4tasks", share * TASKS, |runtime| {
        let semaphore = Arc::new(Semaphore::new(2));
        let (done, all) = Done::new(TASKS);
        for _ in 0..TASKS {
            let (semaphore, done) = (semaphore.clone(), done.clone());
            runtime.spawn(async move {
                for _ in 0..share {
                    drop(semaphore.acquire().await.unwrap());
                }
                done.hit();
            });
        }
        runtime.block_on(all).unwrap();
    });
    let share = share / 5;
    bench.run(
        "semaphore_2permits_4tasks_hold_yield",
        share * TASKS,
        |runtime| {
            let semaphore = Arc::new(Semaphore::new(2));
            let (done, all) = Done::new(TASKS);
            for _ in 0..TASKS {
                let (semaphore, done) = (semaphore.clone(), done.clone());
                runtime.spawn(async move {
                    for _ in 0..share {
                        let permit = semaphore.acquire().await.unwrap();
                        yield_now().await;
                        drop(permit);
                    }
                    done.hit();
                });
            }
            runtime.block_on(all).unwrap();
        },
    );
}

// Tokio's sync_rwlock and sync_semaphore: six at a time, in one task or in six, with room for all or
// not. An operation is one acquisition.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use tokio::sync::{RwLock, Semaphore};

use crate::bench::{Bench, On, Threads};

const AT_A_TIME: usize = 6;

async fn read(lock: Arc<RwLock<()>>) {
    let held = lock.read().await;
    black_box(&held);
}

async fn acquire(permits: Arc<Semaphore>) {
    let _held = permits.acquire().await.unwrap();
}

pub fn run(bench: &mut Bench) {
    let many = bench.scaled(300_000);
    let times = bench.scaled(100_000);
    rwlocks(bench, many, times);
    semaphores(bench, many, times);
}

fn rwlocks(bench: &mut Bench, many: usize, times: usize) {
    let new = || Arc::new(RwLock::new(()));
    task(
        bench,
        "rwlock_uncontented_read",
        Threads::AsAsked,
        many,
        || {
            let lock = new();
            async move {
                for _ in 0..many * AT_A_TIME {
                    black_box(&lock.read().await);
                }
            }
        },
    );
    task(
        bench,
        "rwlock_uncontented_read_concurrent",
        Threads::CurrentThread,
        times,
        || join_six(new(), times, read),
    );
    task(
        bench,
        "rwlock_uncontented_read_concurrent_multi",
        Threads::AsAsked,
        times,
        || spawn_six(new(), times, read),
    );
    task(
        bench,
        "rwlock_contention_read_concurrent",
        Threads::CurrentThread,
        times,
        || join_behind_writer(new(), times),
    );
    task(
        bench,
        "rwlock_contention_read_concurrent_multi",
        Threads::AsAsked,
        times,
        || spawn_behind_writer(new(), times),
    );
}

fn semaphores(bench: &mut Bench, many: usize, times: usize) {
    let new = |permits| Arc::new(Semaphore::new(permits));
    task(
        bench,
        "semaphore_uncontented_multi",
        Threads::AsAsked,
        many,
        || {
            let permits = new(10);
            async move {
                for _ in 0..many * AT_A_TIME {
                    drop(permits.acquire().await.unwrap());
                }
            }
        },
    );
    for (name, permits) in [
        ("semaphore_uncontented_concurrent_multi", 10),
        ("semaphore_contention_concurrent_multi", 5),
    ] {
        task(bench, name, Threads::AsAsked, times, || {
            spawn_six(new(permits), times, acquire)
        });
    }
    for (name, permits) in [
        ("semaphore_uncontented_concurrent_single", 10),
        ("semaphore_contention_concurrent_single", 5),
    ] {
        task(bench, name, Threads::CurrentThread, times, || {
            join_six(new(permits), times, acquire)
        });
    }
}

/// `times` of six acquisitions each.
fn task<Fut>(bench: &mut Bench, name: &str, threads: Threads, times: usize, work: impl Fn() -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let work = &work;
    bench.run_prepared(name, times * AT_A_TIME, threads, |_| {
        move |on: &On| on.block_on_task(work())
    });
}

async fn join_six<T, Fut: Future<Output = ()>>(
    shared: Arc<T>,
    times: usize,
    work: fn(Arc<T>) -> Fut,
) {
    for _ in 0..times {
        tokio::join!(
            work(shared.clone()),
            work(shared.clone()),
            work(shared.clone()),
            work(shared.clone()),
            work(shared.clone()),
            work(shared.clone())
        );
    }
}

async fn spawn_six<T, Fut>(shared: Arc<T>, times: usize, work: fn(Arc<T>) -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    for _ in 0..times {
        let ended = tokio::try_join!(
            tokio::spawn(work(shared.clone())),
            tokio::spawn(work(shared.clone())),
            tokio::spawn(work(shared.clone())),
            tokio::spawn(work(shared.clone())),
            tokio::spawn(work(shared.clone())),
            tokio::spawn(work(shared.clone()))
        );
        ended.unwrap();
    }
}

async fn join_behind_writer(lock: Arc<RwLock<()>>, times: usize) {
    for _ in 0..times {
        let held = lock.write().await;
        tokio::join!(
            async move { drop(held) },
            read(lock.clone()),
            read(lock.clone()),
            read(lock.clone()),
            read(lock.clone()),
            read(lock.clone())
        );
    }
}

async fn spawn_behind_writer(lock: Arc<RwLock<()>>, times: usize) {
    for _ in 0..times {
        let held = lock.write().await;
        let ended = tokio::try_join!(
            async move {
                drop(held);
                Ok(())
            },
            tokio::spawn(read(lock.clone())),
            tokio::spawn(read(lock.clone())),
            tokio::spawn(read(lock.clone())),
            tokio::spawn(read(lock.clone())),
            tokio::spawn(read(lock.clone()))
        );
        ended.unwrap();
    }
}

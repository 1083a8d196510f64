// Tokio's time_now and time_timeout: the clock, asked in a block_on of its own each time; timeouts
// around what is ready at once; sleeps that are made and not awaited.

use std::future::Future;
use std::hint::black_box;
use std::time::Duration;

use tokio::time::{sleep, timeout, Instant};

use crate::bench::{Bench, On, Threads};

pub fn run(bench: &mut Bench) {
    let n = bench.scaled(500_000);
    bench.run_prepared("time_now_current_thread", n, Threads::CurrentThread, |_| {
        |on: &On| {
            for _ in 0..n {
                on.runtime.block_on(async {
                    black_box(&Instant::now());
                });
            }
        }
    });

    let n = bench.scaled(250_000) * 8;
    for (name, threads, tasks) in [
        ("single_thread_timeout", Threads::CurrentThread, 1),
        ("multi_thread_timeout_8", Threads::AsAsked, 8),
    ] {
        bench.run_prepared(name, n, threads, |_| {
            move |on: &On| on.block_on_task(spawn_each(tasks, n, time_out))
        });
    }
    for (name, threads, tasks) in [
        ("single_thread_sleep", Threads::CurrentThread, 1),
        ("multi_thread_sleep_8", Threads::AsAsked, 8),
    ] {
        bench.run_prepared(name, n, threads, |_| {
            move |on: &On| on.block_on_task(spawn_each(tasks, n, make_sleeps))
        });
    }
}

async fn spawn_each<Fut>(tasks: usize, n: usize, work: fn(usize) -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut spawned = Vec::with_capacity(tasks);
    for _ in 0..tasks {
        spawned.push(tokio::spawn(work(n / tasks)));
    }
    for one in spawned {
        one.await.unwrap();
    }
}

async fn quick_job() -> usize {
    1
}

async fn time_out(n: usize) {
    for _ in 0..n {
        let ended = timeout(Duration::from_secs(1), quick_job()).await;
        assert_eq!(ended, Ok(1));
    }
}

async fn make_sleeps(n: usize) {
    for _ in 0..n {
        black_box(&sleep(Duration::from_secs(1)));
    }
}

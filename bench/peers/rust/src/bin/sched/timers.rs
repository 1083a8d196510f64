// Sleeps, and what is built on them: select and timeout.

use std::future::{poll_fn, ready, Future};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::bench::{Bench, Done};

const LONG: Duration = Duration::from_secs(10);

pub fn run(bench: &mut Bench) {
    let n = bench.scaled(1_000_000);
    // A pending sleep gives its budget back, so each of these is really registered.
    bench.run_task("sleep_register_cancel", n, || async move {
        for _ in 0..n {
            let mut sleeping = pin!(sleep(LONG));
            poll_fn(|context| {
                assert!(sleeping.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
    });
    concurrent_sleeps(bench);
    selects(bench, n);

    // A timeout of 1 s around what is ready at its second poll.
    bench.run_task("timeout_yield_once", n, || async move {
        for _ in 0..n {
            timeout(Duration::from_secs(1), yield_now()).await.unwrap();
        }
    });
    bench.run_task("yield_alone", n, || async move {
        for _ in 0..n {
            yield_now().await;
        }
    });
}

/// 100k tasks with one sleep of 10 to 100 ms each. Wall time has a floor of 100 ms: look at the CPU
/// time, and at the lateness past the deadline, which is taken when the sleep is made.
fn concurrent_sleeps(bench: &mut Bench) {
    let tasks = bench.scaled(100_000);
    bench.run_with_extra("sleep_100k_concurrent", tasks, |runtime| {
        let lateness: Arc<Vec<AtomicU64>> =
            Arc::new((0..tasks).map(|_| AtomicU64::new(0)).collect());
        let (done, all) = Done::new(tasks);
        let shared = lateness.clone();
        runtime.spawn(async move {
            for i in 0..tasks {
                let (done, lateness) = (done.clone(), shared.clone());
                tokio::spawn(async move {
                    let duration = Duration::from_millis(10 + (i as u64 * 7919) % 91);
                    let deadline = Instant::now() + duration;
                    sleep(duration).await;
                    let late = Instant::now().saturating_duration_since(deadline);
                    lateness[i].store(late.as_nanos() as u64, Relaxed);
                    done.hit();
                });
            }
        });
        runtime.block_on(all).unwrap();
        let mut sorted: Vec<u64> = lateness.iter().map(|late| late.load(Relaxed)).collect();
        sorted.sort_unstable();
        let quantile = |q: f64| sorted[((tasks - 1) as f64 * q) as usize] as f64 / 1000.0;
        format!(
            ",\"late_p50_us\":{:.0},\"late_p99_us\":{:.0},\"late_max_us\":{:.0}",
            quantile(0.5),
            quantile(0.99),
            quantile(1.0)
        )
    });
}

fn selects(bench: &mut Bench, n: usize) {
    // In random order: half of the sleeps are polled, so registered and cancelled.
    bench.run_task("select_ready_vs_sleep", n, || async move {
        for _ in 0..n {
            tokio::select! {
                _ = ready(()) => {}
                _ = sleep(LONG) => unreachable!(),
            }
        }
    });
    bench.run_task("select_biased_sleep_first", n, || async move {
        for _ in 0..n {
            tokio::select! {
                biased;
                _ = sleep(LONG) => unreachable!(),
                _ = ready(()) => {}
            }
        }
    });
    bench.run_task("select_biased_ready_first", n, || async move {
        for _ in 0..n {
            tokio::select! {
                biased;
                _ = ready(()) => {}
                _ = sleep(LONG) => unreachable!(),
            }
        }
    });
}

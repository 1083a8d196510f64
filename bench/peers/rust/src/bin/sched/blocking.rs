// Tokio's spawn_blocking: one or two tasks, each of which starts 16 calls that do nothing, a hundred
// times, and waits for each 16. An operation is one call.

use std::hint::black_box;

use tokio::task::JoinSet;

use crate::bench::Bench;

const BATCHES: usize = 100;
const BATCH_SIZE: usize = 16;

pub fn run(bench: &mut Bench) {
    for tasks in [1, 2] {
        let times = bench.scaled(10 / tasks);
        bench.run_task(
            &format!("spawn_blocking_concurrency_{tasks}"),
            times * tasks * BATCHES * BATCH_SIZE,
            || call_concurrently(tasks, times),
        );
    }
}

async fn call_concurrently(tasks: usize, times: usize) {
    for _ in 0..times {
        let mut calling = JoinSet::new();
        for _ in 0..tasks {
            calling.spawn(call());
        }
        assert_eq!(calling.join_all().await.len(), tasks);
    }
}

async fn call() {
    for _ in 0..BATCHES {
        let mut batch = JoinSet::new();
        for _ in 0..BATCH_SIZE {
            batch.spawn_blocking(|| black_box(0));
        }
        assert_eq!(batch.join_all().await, [0; BATCH_SIZE]);
    }
}

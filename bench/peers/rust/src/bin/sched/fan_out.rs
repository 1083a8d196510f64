// Tokio's sync_broadcast and sync_watch: one value for 10 to 1000 tasks, which all have had it
// before the next is sent. An operation is one value received by one task.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::Arc;

use tokio::sync::{broadcast, watch, Notify};

use crate::bench::{Bench, On, Threads};
use crate::generator::{do_work, Generator};

const SENDS: usize = 100;

/// How many have yet to receive what was sent last.
#[derive(Default)]
struct WaitGroup {
    left: AtomicUsize,
    none: Notify,
}

impl WaitGroup {
    fn add(&self, count: usize) {
        assert_eq!(self.left.fetch_add(count, Relaxed), 0);
    }

    fn leave(&self) {
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.none.notify_one();
        }
    }

    async fn wait(&self) {
        while self.left.load(Acquire) > 0 {
            self.none.notified().await;
        }
    }
}

pub fn run(bench: &mut Bench) {
    for tasks in [10, 100, 500, 1000] {
        let times = bench.scaled(2000 / tasks);
        let name = format!("broadcast_contention_{tasks}");
        bench.run_prepared(&name, times * SENDS * tasks, Threads::AsAsked, |runtime| {
            let (to, _) = broadcast::channel::<usize>(1000);
            let group = Arc::new(WaitGroup::default());
            for seed in 0..tasks {
                runtime.spawn(receive(to.subscribe(), group.clone(), seed as u64));
            }
            move |on: &On| on.block_on_task(send(to.clone(), group.clone(), tasks, times))
        });
    }
    for tasks in [10, 100, 500, 1000] {
        let times = bench.scaled(2000 / tasks);
        let name = format!("watch_contention_resubscribe_{tasks}");
        bench.run_prepared(&name, times * SENDS * tasks, Threads::AsAsked, |runtime| {
            let to = Arc::new(watch::channel(0i32).0);
            let group = Arc::new(WaitGroup::default());
            for seed in 0..tasks {
                runtime.spawn(look(to.subscribe(), group.clone(), seed as u64));
            }
            move |on: &On| on.block_on_task(change(to.clone(), group.clone(), tasks, times))
        });
    }
}

async fn receive(mut from: broadcast::Receiver<usize>, group: Arc<WaitGroup>, seed: u64) {
    let mut random = Generator::new(seed);
    loop {
        match from.recv().await {
            Ok(_) => {}
            Err(broadcast::error::RecvError::Closed) => break,
            Err(lagged) => panic!("{lagged}"),
        }
        black_box(&do_work(&mut random));
        group.leave();
    }
}

async fn send(to: broadcast::Sender<usize>, group: Arc<WaitGroup>, tasks: usize, times: usize) {
    for i in 0..times * SENDS {
        group.add(tasks);
        to.send(i).unwrap();
        group.wait().await;
    }
}

async fn look(mut at: watch::Receiver<i32>, group: Arc<WaitGroup>, seed: u64) {
    let mut random = Generator::new(seed);
    while at.changed().await.is_ok() {
        assert_eq!(*at.borrow(), 42);
        black_box(&do_work(&mut random));
        group.leave();
    }
}

async fn change(to: Arc<watch::Sender<i32>>, group: Arc<WaitGroup>, tasks: usize, times: usize) {
    for _ in 0..times * SENDS {
        group.add(tasks);
        to.send(42).unwrap();
        group.wait().await;
    }
}

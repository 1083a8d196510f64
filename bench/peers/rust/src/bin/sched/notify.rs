// Tokio's sync_notify: the thread of the program notifies without pause until 10 to 500 tasks have
// been woken 500 times altogether. An operation is one such wake-up. The tasks have one worker, so that
// there are no more threads than processors; else it is these that are shared out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::bench::{Bench, On, Threads};

const WAKES: usize = 500;

#[derive(Default)]
struct Shared {
    notify: Notify,
    woken: AtomicUsize,
    running: AtomicUsize,
    stopping: AtomicBool,
}

/// Ends the tasks when it is dropped.
struct Waiting(Arc<Shared>);

impl Waiting {
    fn start(runtime: &Runtime, tasks: usize) -> Waiting {
        let shared = Arc::new(Shared::default());
        shared.running.store(tasks, Relaxed);
        for _ in 0..tasks {
            runtime.spawn(wait_again_and_again(shared.clone()));
        }
        Waiting(shared)
    }

    fn until_woken(&self, notify: fn(&Notify)) {
        self.0.woken.store(0, Relaxed);
        loop {
            notify(&self.0.notify);
            if self.0.woken.load(Relaxed) >= WAKES {
                break;
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.stopping.store(true, SeqCst);
        while self.0.running.load(Acquire) > 0 {
            self.0.notify.notify_waiters();
            std::thread::yield_now();
        }
    }
}

async fn wait_again_and_again(shared: Arc<Shared>) {
    while !shared.stopping.load(Relaxed) {
        shared.notify.notified().await;
        shared.woken.fetch_add(1, Relaxed);
    }
    shared.running.fetch_sub(1, Release);
}

pub fn run(bench: &mut Bench) {
    let kinds: [(&str, fn(&Notify)); 2] = [
        ("notify_one", |notify| notify.notify_one()),
        ("notify_waiters", |notify| notify.notify_waiters()),
    ];
    for (name, notify) in kinds {
        for tasks in [10, 50, 100, 200, 500] {
            let times = bench.scaled(40);
            let name = format!("{name}_{tasks}");
            bench.run_prepared(&name, times * WAKES, Threads::OneWorker, |runtime| {
                let waiting = Waiting::start(runtime, tasks);
                move |_: &On| {
                    for _ in 0..times {
                        waiting.until_woken(notify);
                    }
                }
            });
        }
    }
}

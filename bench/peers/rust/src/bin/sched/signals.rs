// Tokio's signal: the process sends itself SIGCHLD, then SIGIO, and ten listeners of each say that
// they have heard it. An operation is one signal heard by one listener.

use std::sync::Arc;

use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{mpsc, Mutex};
use tokio::task::yield_now;

use crate::bench::{Bench, On, Threads};

const LISTENERS: usize = 10;

pub fn run(bench: &mut Bench) {
    let times = bench.scaled(500);
    let n = times * 2 * LISTENERS;
    bench.run_prepared("many_signals", n, Threads::CurrentThread, |runtime| {
        let (to, from) = mpsc::channel(LISTENERS);
        for _ in 0..LISTENERS {
            runtime.spawn(listen(SignalKind::child(), to.clone()));
            runtime.spawn(listen(SignalKind::io(), to.clone()));
        }
        // So that all listen before there is a signal.
        runtime.block_on(async {
            for _ in 0..4 {
                yield_now().await;
            }
        });
        let from = Arc::new(Mutex::new(from));
        move |on: &On| on.block_on_task(raise_both(times, from.clone()))
    });
}

async fn listen(kind: SignalKind, to: mpsc::Sender<i32>) {
    let mut signals = signal(kind).unwrap();
    while signals.recv().await.is_some() {
        if to.send(kind.as_raw_value()).await.is_err() {
            break;
        }
    }
}

async fn raise_both(times: usize, from: Arc<Mutex<mpsc::Receiver<i32>>>) {
    let mut from = from.lock().await;
    for _ in 0..times {
        for number in [libc::SIGCHLD, libc::SIGIO] {
            assert_eq!(unsafe { libc::kill(libc::getpid(), number) }, 0);
            for _ in 0..LISTENERS {
                assert_eq!(from.recv().await, Some(number));
            }
        }
    }
}

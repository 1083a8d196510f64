// Tokio's sync_mpsc_oneshot: one task asks, another answers, each time by a oneshot. An operation is
// one answer.

use tokio::sync::{mpsc, oneshot};

use crate::bench::{Bench, On, Threads};

pub fn run(bench: &mut Bench) {
    let n = bench.scaled(300) * 1000;
    for (name, threads) in [
        ("request_reply_current_thread", Threads::CurrentThread),
        ("request_reply_multi_threaded", Threads::OneWorker),
    ] {
        bench.run_prepared(name, n, threads, |runtime| {
            let (to, mut from) = mpsc::channel::<oneshot::Sender<()>>(10);
            runtime.spawn(async move {
                while let Some(asked) = from.recv().await {
                    asked.send(()).unwrap();
                }
            });
            move |on: &On| on.block_on_task(ask(n, to.clone()))
        });
    }
}

async fn ask(n: usize, to: mpsc::Sender<oneshot::Sender<()>>) {
    for _ in 0..n {
        let (replying, replied) = oneshot::channel();
        to.send(replying).await.unwrap();
        replied.await.unwrap();
    }
}

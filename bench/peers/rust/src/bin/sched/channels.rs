// Message passing: mpsc of both kinds, oneshot. An operation is one message.

use tokio::sync::{mpsc, oneshot};

use crate::bench::Bench;

pub fn run(bench: &mut Bench) {
    let n = bench.scaled(1_000_000);
    let quarter = n / 4;
    bench.run("mpsc_bounded100_1p1c", n, |runtime| {
        let (sender, receiver) = mpsc::channel::<usize>(100);
        runtime.spawn(send_bounded(sender, n));
        let consumer = runtime.spawn(count_bounded(receiver));
        assert_eq!(runtime.block_on(consumer).unwrap(), n);
    });
    bench.run("mpsc_unbounded_4p1c", quarter * 4, |runtime| {
        let (sender, mut receiver) = mpsc::unbounded_channel::<usize>();
        for _ in 0..4 {
            let sender = sender.clone();
            runtime.spawn(async move {
                for i in 0..quarter {
                    sender.send(i).unwrap();
                }
            });
        }
        drop(sender);
        let consumer = runtime.spawn(async move {
            let mut count = 0;
            while receiver.recv().await.is_some() {
                count += 1;
            }
            count
        });
        assert_eq!(runtime.block_on(consumer).unwrap(), quarter * 4);
    });
    bench.run("mpsc_bounded100_4p1c", quarter * 4, |runtime| {
        let (sender, receiver) = mpsc::channel::<usize>(100);
        for _ in 0..4 {
            runtime.spawn(send_bounded(sender.clone(), quarter));
        }
        drop(sender);
        let consumer = runtime.spawn(count_bounded(receiver));
        assert_eq!(runtime.block_on(consumer).unwrap(), quarter * 4);
    });
    bench.run_task("oneshot_create_send_recv", n, || async move {
        for i in 0..n {
            let (sender, receiver) = oneshot::channel();
            sender.send(i).unwrap();
            assert_eq!(receiver.await.unwrap(), i);
        }
    });
}

async fn send_bounded(sender: mpsc::Sender<usize>, count: usize) {
    for i in 0..count {
        sender.send(i).await.unwrap();
    }
}

async fn count_bounded(mut receiver: mpsc::Receiver<usize>) -> usize {
    let mut count = 0;
    while receiver.recv().await.is_some() {
        count += 1;
    }
    count
}

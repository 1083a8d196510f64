// Tokio's sync_mpsc: what it costs to make a channel, to send large values, and to receive by the
// thousand, from five senders or after one has sent. An operation is a channel, or a message.

use std::hint::black_box;

use tokio::sync::mpsc;

use crate::bench::Bench;

type Medium = [usize; 64];
type Large = [Medium; 64];

const SENDERS: usize = 5;
const EACH: usize = 1000;
const ALL: usize = SENDERS * EACH;
const WIDE: usize = 1_000_000;
const NARROW: usize = 100;

const CONTENDED_SUM: usize = SENDERS * (EACH * (EACH - 1) / 2);
const ALONE_SUM: usize = ALL * (ALL - 1) / 2;

pub fn run(bench: &mut Bench) {
    creations(bench);
    let times = bench.scaled(300);
    for (name, capacity, many) in [
        ("mpsc_contention_bounded", WIDE, false),
        ("mpsc_contention_bounded_recv_many", WIDE, true),
        ("mpsc_contention_bounded_full", NARROW, false),
        ("mpsc_contention_bounded_full_recv_many", NARROW, true),
    ] {
        bench.run_task(name, times * ALL, || contend_bounded(times, capacity, many));
    }
    for (name, many) in [
        ("mpsc_contention_unbounded", false),
        ("mpsc_contention_unbounded_recv_many", true),
    ] {
        bench.run_task(name, times * ALL, || contend_unbounded(times, many));
    }
    for (name, many) in [
        ("mpsc_uncontented_bounded", false),
        ("mpsc_uncontented_bounded_recv_many", true),
    ] {
        bench.run_task(name, times * ALL, || alone_bounded(times, many));
    }
    for (name, many) in [
        ("mpsc_uncontented_unbounded", false),
        ("mpsc_uncontented_unbounded_recv_many", true),
    ] {
        bench.run_task(name, times * ALL, || alone_unbounded(times, many));
    }
}

fn creations(bench: &mut Bench) {
    let n = bench.scaled(200_000);
    for capacity in [1, 100, 100_000] {
        bench.run(&format!("mpsc_create_medium_{capacity}"), n, |_| {
            for _ in 0..n {
                black_box(&mpsc::channel::<Medium>(capacity));
            }
        });
    }
    let few = bench.scaled(10_000);
    bench.run_task("mpsc_send_medium_1000", n, || send_one(n, [0usize; 64]));
    bench.run_task("mpsc_send_large_1000", few, || {
        send_one(few, [[0usize; 64]; 64] as Large)
    });
}

async fn send_one<T: Copy>(n: usize, value: T) {
    for _ in 0..n {
        let (to, mut from) = mpsc::channel::<T>(1000);
        assert!(to.send(value).await.is_ok());
        black_box(&from.recv().await.unwrap());
    }
}

async fn contend_bounded(times: usize, capacity: usize, many: bool) {
    for _ in 0..times {
        let (to, mut from) = mpsc::channel::<usize>(capacity);
        for _ in 0..SENDERS {
            let to = to.clone();
            tokio::spawn(async move {
                for i in 0..EACH {
                    to.send(i).await.unwrap();
                }
            });
        }
        assert_eq!(sum_bounded(&mut from, many).await, CONTENDED_SUM);
    }
}

async fn contend_unbounded(times: usize, many: bool) {
    for _ in 0..times {
        let (to, mut from) = mpsc::unbounded_channel::<usize>();
        for _ in 0..SENDERS {
            let to = to.clone();
            tokio::spawn(async move {
                for i in 0..EACH {
                    to.send(i).unwrap();
                }
            });
        }
        assert_eq!(sum_unbounded(&mut from, many).await, CONTENDED_SUM);
    }
}

async fn alone_bounded(times: usize, many: bool) {
    for _ in 0..times {
        let (to, mut from) = mpsc::channel::<usize>(WIDE);
        for i in 0..ALL {
            to.send(i).await.unwrap();
        }
        assert_eq!(sum_bounded(&mut from, many).await, ALONE_SUM);
    }
}

async fn alone_unbounded(times: usize, many: bool) {
    for _ in 0..times {
        let (to, mut from) = mpsc::unbounded_channel::<usize>();
        for i in 0..ALL {
            to.send(i).unwrap();
        }
        assert_eq!(sum_unbounded(&mut from, many).await, ALONE_SUM);
    }
}

async fn sum_bounded(from: &mut mpsc::Receiver<usize>, many: bool) -> usize {
    let mut sum = 0;
    if !many {
        for _ in 0..ALL {
            sum += from.recv().await.unwrap();
        }
        return sum;
    }
    let mut buffer = Vec::with_capacity(ALL);
    while buffer.len() < ALL {
        assert!(from.recv_many(&mut buffer, ALL).await > 0);
    }
    buffer.iter().sum()
}

async fn sum_unbounded(from: &mut mpsc::UnboundedReceiver<usize>, many: bool) -> usize {
    let mut sum = 0;
    if !many {
        for _ in 0..ALL {
            sum += from.recv().await.unwrap();
        }
        return sum;
    }
    let mut buffer = Vec::with_capacity(ALL);
    while buffer.len() < ALL {
        assert!(from.recv_many(&mut buffer, ALL).await > 0);
    }
    buffer.iter().sum()
}

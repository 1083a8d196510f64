// Tokio's copy: 256 KiB from a source that is always ready, or gives 2 KiB a millisecond, to memory,
// or to a disk that empties its buffer of 40 KiB every 20 ms and sometimes makes writers wait for
// it. An operation is one KiB. Where an end is slow, look at the CPU time. The memory that is copied
// to is kept from one copy to the next: else it is the allocator that is measured.
//
// Flushing the disk does nothing, unlike in Tokio's bench: weft's copy does not flush.

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{copy, repeat, AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{interval, Interval, MissedTickBehavior};

use crate::bench::{Bench, On, Threads};
use crate::generator::Generator;

const KILO: usize = 1024;
const SOURCE_SIZE: usize = 256 * KILO;
const CHUNK_SIZE: usize = 2 * KILO;
const DISK_BUFFER: usize = 40 * KILO;

pub fn run(bench: &mut Bench) {
    let times = bench.scaled(2000);
    workload(bench, "copy_mem_to_mem", times, || to_mem(times, zeros));
    workload(bench, "copy_mem_to_slow_hdd", 1, || to_disk(zeros()));
    workload(bench, "copy_chunk_to_mem", 1, || to_mem(1, chunks));
    workload(bench, "copy_chunk_to_slow_hdd", 1, || async {
        to_disk(chunks()).await
    });
}

fn workload<Fut>(bench: &mut Bench, name: &str, times: usize, work: impl Fn() -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let (n, work) = (times * SOURCE_SIZE / KILO, &work);
    bench.run_prepared(name, n, Threads::CurrentThread, |_| {
        move |on: &On| on.block_on_task(work())
    });
}

fn zeros() -> impl AsyncRead + Unpin {
    repeat(0).take(SOURCE_SIZE as u64)
}

fn chunks() -> impl AsyncRead + Unpin {
    let mut service = interval(Duration::from_millis(1));
    service.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ChunkSource(service).take(SOURCE_SIZE as u64)
}

async fn to_mem<From: AsyncRead + Unpin>(times: usize, source: fn() -> From) {
    let mut written = Vec::new();
    for _ in 0..times {
        written.clear();
        let copied = copy(&mut source(), &mut written).await.unwrap();
        assert_eq!((copied, written.len()), (SOURCE_SIZE as u64, SOURCE_SIZE));
        black_box(&written);
    }
}

async fn to_disk(mut from: impl AsyncRead + Unpin) {
    let mut service = interval(Duration::from_millis(20));
    service.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut disk = SlowDisk {
        service,
        random: Generator::new(0),
        used: 0,
        written: 0,
    };
    let copied = copy(&mut from, &mut disk).await.unwrap();
    assert_eq!((copied, disk.written), (SOURCE_SIZE as u64, SOURCE_SIZE));
}

struct ChunkSource(Interval);

impl AsyncRead for ChunkSource {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.poll_tick(context).is_pending() {
            return Poll::Pending;
        }
        let count = into.remaining().min(CHUNK_SIZE);
        into.initialize_unfilled_to(count).fill(0);
        into.advance(count);
        Poll::Ready(Ok(()))
    }
}

struct SlowDisk {
    service: Interval,
    random: Generator,
    used: usize,
    written: usize,
}

impl AsyncWrite for SlowDisk {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let emptied = self.service.poll_tick(context).is_ready();
        if emptied {
            self.used = 0;
        }
        if !emptied && self.random.next() % 10 == 0 {
            return Poll::Pending;
        }
        let count = from.len().min(DISK_BUFFER - self.used);
        if count == 0 {
            return Poll::Pending;
        }
        self.used += count;
        self.written += count;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

// Options, the timing of one workload, and the line that is printed for it.
//
// ns_per_op is wall time / n, cpu_ns_per_op the process's CPU time of all threads / n, where n is the
// number of operations in one repetition; each is the median of the repetitions after one warm-up.

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Sends once when `hit` was called as often as was announced.
pub struct Done {
    remaining: AtomicUsize,
    sender: Mutex<Option<oneshot::Sender<()>>>,
}

impl Done {
    pub fn new(count: usize) -> (Arc<Done>, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        let remaining = AtomicUsize::new(count);
        (
            Arc::new(Done {
                remaining,
                sender: Mutex::new(Some(sender)),
            }),
            receiver,
        )
    }

    pub fn hit(&self) {
        if self.remaining.fetch_sub(1, AcqRel) == 1 {
            let _ = self.sender.lock().unwrap().take().unwrap().send(());
        }
    }
}

/// The runtime of a workload. What names its threads has a runtime of its own.
#[derive(Clone, Copy, PartialEq)]
pub enum Threads {
    /// Of --workers.
    AsAsked,
    /// The same; with --workers 0, one worker: where the program's own thread works.
    Workers,
    /// None: tasks run inside `block_on`.
    CurrentThread,
    OneWorker,
}

/// The runtime that a workload runs on.
pub struct On {
    pub runtime: Runtime,
    workers: usize,
}

impl On {
    fn new(workers: usize) -> On {
        let mut builder = match workers {
            0 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        if workers > 0 {
            builder.worker_threads(workers);
        }
        let runtime = builder.enable_all().build().unwrap();
        On { runtime, workers }
    }

    /// The work as one task: on a worker, where there are some, not on the thread that blocks.
    pub fn block_on_task(&self, work: impl Future<Output = ()> + Send + 'static) {
        if self.workers == 0 {
            self.runtime.block_on(work);
        } else {
            self.runtime.block_on(self.runtime.spawn(work)).unwrap();
        }
    }
}

pub struct Bench {
    asked: On,
    workers: usize,
    repetitions: usize,
    scale: f64,
    list: bool,
    growth: bool,
    wanted: HashSet<String>,
    known: HashSet<String>,
}

impl Bench {
    pub fn from_arguments() -> Bench {
        let (mut workers, mut repetitions, mut scale) = (2, 5, 1.0);
        let (mut list, mut growth) = (false, false);
        let mut wanted = HashSet::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("a value");
            match argument.as_str() {
                "--workers" => workers = value().parse().expect("a number"),
                "--reps" => repetitions = value().parse().expect("a number"),
                "--scale" => scale = value().parse().expect("a factor"),
                "--list" => list = true,
                "--growth" => growth = true,
                name => drop(wanted.insert(name.to_string())),
            }
        }
        let known = HashSet::new();
        Bench {
            asked: On::new(workers),
            workers,
            repetitions,
            scale,
            list,
            growth,
            wanted,
            known,
        }
    }

    pub fn scaled(&self, count: usize) -> usize {
        ((count as f64 * self.scale) as usize).max(1)
    }

    /// How many workers the runtime of --workers has; at least 1.
    pub fn workers(&self) -> usize {
        self.workers.max(1)
    }

    /// Whether --growth was given: other workloads then.
    pub fn growth(&self) -> bool {
        self.growth
    }

    /// `work` performs `n` operations on the runtime and blocks until they are done.
    pub fn run(&mut self, name: &str, n: usize, mut work: impl FnMut(&Runtime)) {
        self.run_with_extra(name, n, |runtime| {
            work(runtime);
            String::new()
        })
    }

    /// The same with the work as one spawned task: on a worker, not on the thread that blocks.
    pub fn run_task<Fut>(&mut self, name: &str, n: usize, work: impl Fn() -> Fut)
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.run(name, n, |runtime| {
            let task = runtime.spawn(work());
            runtime.block_on(task).unwrap();
        })
    }

    /// The same with more fields for the line, each with a comma in front.
    pub fn run_with_extra(
        &mut self,
        name: &str,
        n: usize,
        mut work: impl FnMut(&Runtime) -> String,
    ) {
        if self.wants(name) {
            self.measure(name, n, &self.asked, |on| work(&on.runtime));
        }
    }

    /// `prepare` makes the work, with what it needs that is not measured; dropping the work ends
    /// that.
    pub fn run_prepared<Work: FnMut(&On)>(
        &mut self,
        name: &str,
        n: usize,
        threads: Threads,
        prepare: impl FnOnce(&Runtime) -> Work,
    ) {
        if !self.wants(name) {
            return;
        }
        let own = match threads {
            Threads::AsAsked => None,
            Threads::Workers if self.workers > 0 => None,
            Threads::CurrentThread => Some(On::new(0)),
            Threads::Workers | Threads::OneWorker => Some(On::new(1)),
        };
        let on = own.as_ref().unwrap_or(&self.asked);
        let mut work = prepare(&on.runtime);
        self.measure(name, n, on, |on| {
            work(on);
            String::new()
        });
    }

    fn wants(&mut self, name: &str) -> bool {
        self.known.insert(name.to_string());
        if self.list {
            println!("{name}");
        }
        !self.list && (self.wanted.is_empty() || self.wanted.contains(name))
    }

    fn measure(&self, name: &str, n: usize, on: &On, mut work: impl FnMut(&On) -> String) {
        let mut extra = work(on);
        let (mut wall, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..self.repetitions.max(1) {
            let (cpu_start, start) = (cpu_ns(), Instant::now());
            extra = work(on);
            wall.push(start.elapsed().as_nanos() as f64 / n as f64);
            cpu.push((cpu_ns() - cpu_start) as f64 / n as f64);
        }
        wall.sort_by(f64::total_cmp);
        cpu.sort_by(f64::total_cmp);
        let middle = wall.len() / 2;
        println!(
            "{{\"bench\":\"{name}\",\"workers\":{},\"ns_per_op\":{:.2},\"min\":{:.2},\
             \"max\":{:.2},\"cpu_ns_per_op\":{:.2},\"n\":{n},\"reps\":{}{extra}}}",
            self.workers,
            wall[middle],
            wall[0],
            wall[wall.len() - 1],
            cpu[middle],
            wall.len()
        );
    }

    /// A name that nobody knows is a mistake, not an empty run.
    pub fn finish(self) {
        let unknown: Vec<_> = self.wanted.difference(&self.known).collect();
        if !unknown.is_empty() {
            eprintln!("sched: no such workload: {unknown:?}");
            std::process::exit(2);
        }
    }
}

fn cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

"""`bench growth`: what a task or a timer costs among N of them, in CPU time and in memory."""

import re

import peers
import report
from servers import binary
from stats import interval_name
from workload_sched import cells, choose, list_workloads, measure

FIGURES = (("cpu ns/op", "cpu_ns_per_op"), ("bytes/op", "bytes_per_op"))
LEAST_FOR_BYTES = 1_000  # fewer of them are lost in what the process takes anyway

TITLES = {
    "tasks_held": "tasks: spawned, all suspended at once, woken and joined; bytes while suspended",
    "timers_cancelled": "timers: registered, all pending at once, cancelled; bytes while pending",
    "timers_fired": "tasks with a sleep of 10 to 100 ms: spawned, fired, joined; bytes once spawned",
}


def run(options):
    """Prints a table for each kind of workload, a line for each N."""
    programs = {options.subject: options.weft_sched, "tokio": binary("sched")}
    known = [list_workloads(program, "--growth") for program in programs.values()]
    chosen = choose(options.only, *known)
    report.heading(
        f"growth: workers: {options.workers}, CPUs {sorted(options.sched_cpus)}, "
        f"{options.rounds} rounds, {peers.version('tokio')}"
    )
    comparisons = []
    for kind, counts in by_kind(chosen).items():
        rows = []
        for count in counts:
            cpu, memory = measure(options, f"{kind}_{count}", programs, FIGURES)
            enough = count >= LEAST_FOR_BYTES
            comparisons += [cpu, memory] if enough else [cpu]
            rows.append([f"{count:,}", *cells(cpu), *(cells(memory) if enough else ["-"] * 3)])
        report.heading(TITLES.get(kind, kind))
        report.table(columns(options), rows)
    return comparisons


def by_kind(names):
    """{"tasks_held": [1, 10, ...]} of ["tasks_held_1", "tasks_held_10", ...]."""
    kinds = {}
    for name in names:
        kind, count = re.fullmatch(r"(.*)_(\d+)", name).groups()
        kinds.setdefault(kind, []).append(int(count))
    return kinds


def columns(options):
    of, interval = options.subject, interval_name(options.rounds)
    cpu = [f"{of} cpu ns", "tokio cpu ns", f"cpu ratio [{interval}]"]
    return ["N", *cpu, f"{of} bytes", "tokio bytes", f"bytes ratio [{interval}]"]

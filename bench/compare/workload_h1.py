"""`bench h1`: one server thread on its CPU, the load on another, rounds interleaved over servers."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import answers
import report
import servers
from load import LoadError
from process import machine_busy_seconds, own_cpu_seconds
from stats import compare, interleaved, interval_name

BUSY = 0.9  # a server with less to do is not the limit: then only its CPU time says something


@dataclass
class Case:
    workload: str
    connections: int
    pipeline: int


CASES = {
    "plain": Case("h1, 64 connections", 64, 1),
    "pipelined": Case("h1, 64 connections, pipelined x 16", 64, 16),
}


@dataclass
class Run:
    """What a case measured: slices by server and round, and how much the machine was disturbed."""

    slices: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)
    disturbance: float = 0.0

    def series(self, name, attribute):
        return {number: getattr(each, attribute) for number, each in self.slices[name].items()}

    def middle(self, name, attribute):
        return median(self.series(name, attribute).values())


def run(options, names):
    """Measures every chosen case; returns the comparisons, and prints a table for each."""
    comparisons = []
    with ExitStack() as stack:
        running = servers.start_all(stack, names, options.weft_server, options.server_cpus)
        for name, server in running.items():
            answers.check(name, server.port)
        for key in options.cases:
            if key in CASES:
                comparisons += run_case(options, CASES[key], running)
    return comparisons


def run_case(options, case, running):
    generator = options.generator(
        case.connections, case.pipeline, options.secs, options.load_cpus
    )
    result = measure(generator, running, options.rounds)
    subject = options.subject
    if not result.slices[subject]:
        raise LoadError("\n".join(result.failures))
    peers = [name for name in running if name != subject and result.slices[name]]
    report.heading(
        f"{case.workload}: GET /, 13-byte answer, 1 worker, {options.rounds} rounds of "
        f"{options.secs:g} s, {options.load}"
    )
    comparisons = []
    rows = [row(result, subject, None, None)]
    for peer in peers:
        cpu = compare_series(result, case, subject, peer, "cpu us/request", "cpu_us_per_request")
        wall = None
        if min(result.middle(each, "busy") for each in (subject, peer)) > BUSY:
            wall = compare_series(result, case, subject, peer, "us/request", "wall_us_per_request")
        rows.append(row(result, peer, cpu, wall))
        comparisons += [each for each in (cpu, wall) if each]
    title = f"{subject} / peer [{interval_name(options.rounds)}]"
    columns = ["server", "cpu us/req", "req/s", "p50 us", "p99 us", "busy"]
    report.table([*columns, f"cpu: {title}", f"time: {title}"], rows)
    report.notes(result.failures, result.disturbance)
    return comparisons


def compare_series(result, case, subject, peer, unit, attribute):
    return compare(
        case.workload,
        unit,
        result.series(subject, attribute),
        peer,
        result.series(peer, attribute),
    )


def measure(generator, running, rounds):
    result = Run(slices={name: {} for name in running})
    for server in running.values():
        generator.run(server, seconds=max(0.5, generator.seconds))  # warm-up
    start, before = time.monotonic(), foreign_seconds(running)
    for number, name in interleaved(list(running), rounds):
        report.progress(f"round {number + 1} of {rounds}: {name}")
        try:
            result.slices[name][number] = generator.run(running[name])
        except LoadError as error:
            result.failures.append(f"round {number + 1}: {error}")
    report.progress("")
    result.disturbance = (foreign_seconds(running) - before) / (time.monotonic() - start)
    return result


def foreign_seconds(running):
    """CPU time of the machine that neither the servers nor this program and its loads spent."""
    servers_ns = sum(server.cpu_ns() for server in running.values())
    return machine_busy_seconds() - own_cpu_seconds() - servers_ns / 1e9


def row(result, name, cpu, wall):
    return [
        name,
        f"{result.middle(name, 'cpu_us_per_request'):.3f}",
        f"{1e6 / result.middle(name, 'wall_us_per_request'):,.0f}",
        f"{result.middle(name, 'p50_us'):.0f}",
        f"{result.middle(name, 'p99_us'):.0f}",
        f"{result.middle(name, 'busy'):.0%}",
        report.ratio(cpu) if cpu else "",
        report.ratio(wall) if wall else "",
    ]

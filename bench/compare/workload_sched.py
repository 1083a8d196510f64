"""`bench sched`: the same workloads on weft and on Tokio, a process each, turn by turn."""

import json
import subprocess

import peers
import report
from process import child_setup
from servers import binary
from stats import compare, interleaved, interval_name

TIMEOUT_SECONDS = 300
FIGURES = (("ns/op", "ns_per_op"), ("cpu ns/op", "cpu_ns_per_op"))


class SchedError(Exception):
    """A program failed, or the two did different work."""


def run(options):
    """Measures each workload that both programs have; prints a table as it goes."""
    programs = {options.subject: options.weft_sched, "tokio": binary("sched")}
    known = {name: list_workloads(program) for name, program in programs.items()}
    chosen = choose(options.only, known[options.subject], known["tokio"])
    report.heading(
        f"sched: {options.workers} workers on CPUs {sorted(options.sched_cpus)}, "
        f"{options.rounds} rounds, {peers.version('tokio')}"
    )
    interval = interval_name(options.rounds)
    columns = ["workload", f"{options.subject} ns", "tokio ns", f"ratio [{interval}]"]
    columns += [f"{options.subject} cpu ns", "tokio cpu ns", f"cpu ratio [{interval}]"]
    comparisons, rows = [], []
    for workload in chosen:
        wall, cpu = measure(options, workload, programs)
        comparisons += [wall, cpu]
        rows.append([workload, *cells(wall), *cells(cpu)])
    report.table(columns, rows)
    for line in one_sided(known):
        print(line)
    return comparisons


def one_sided(known):
    """What is said of workloads that only one program has; `known` is its names by program."""
    for name, other in zip(known, reversed(known)):
        absent = [workload for workload in known[other] if workload not in known[name]]
        if absent:
            yield f"not in {name}: {', '.join(absent)}"


def choose(only, of_weft, of_peer):
    both = [name for name in of_peer if name in of_weft]
    unknown = [name for name in only if name not in both]
    if unknown:
        raise SchedError(f"no workload of both programs is called {', '.join(unknown)}")
    return only or both


def list_workloads(program, *which):
    command = [program, *which, "--list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SchedError(f"{program} --list failed: {done.stderr.strip()}")
    return done.stdout.split()


def measure(options, workload, programs, figures=FIGURES):
    """A comparison for each of the figures."""
    results = {name: {} for name in programs}
    for number, name in interleaved(list(programs), options.rounds):
        report.progress(f"{workload}, round {number + 1} of {options.rounds}: {name}")
        results[name][number] = run_once(options, programs[name], workload)
    report.progress("")
    subject, peer = results
    operations = {line["n"] for lines in results.values() for line in lines.values()}
    if len(operations) != 1:
        raise SchedError(f"{workload}: different numbers of operations: {sorted(operations)}")
    return [
        compare(workload, unit, series(results[subject], key), peer, series(results[peer], key))
        for unit, key in figures
    ]


def series(lines, key):
    return {number: line[key] for number, line in lines.items()}


def run_once(options, program, workload):
    command = [program, "--workers", options.workers, "--reps", options.reps]
    command += ["--scale", options.scale]
    command += ["--growth"] if options.command == "growth" else []
    command += [workload]
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        preexec_fn=child_setup(options.sched_cpus),
    )
    if done.returncode != 0:
        raise SchedError(f"{program} {workload} failed: {done.stderr.strip()}")
    line = json.loads(done.stdout)
    if line["bench"] != workload:
        raise SchedError(f"{program}: asked for {workload}, got {line['bench']}")
    return line


def cells(comparison):
    return [f"{comparison.weft:.1f}", f"{comparison.peer_value:.1f}", report.ratio(comparison)]

#!/usr/bin/env python3
"""Compares weft with its peers in one run: `main.py sched`, `growth`, `h1`, `io`.

docs/benchmarks.md describes the method. Exit status: 0 measured, 1 a program failed or answered
wrongly, 2 something needed is missing.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

import answers
import peers
import report
import workload_growth
import workload_h1
import workload_idle
import workload_io
import workload_sched
from load import GENERATORS, LoadError
from process import StartError, raise_descriptor_limit
from servers import DEFAULT_PEERS, ROOT, SERVERS

RELEASE = ROOT / "build" / "release" / "bench"
FAILURES = (StartError, LoadError, answers.WrongAnswer, workload_sched.SchedError)


def cpu_set(text):
    return {int(cpu) for cpu in text.split(",")}


def words(text):
    return [word.strip() for word in text.split(",") if word.strip()]


def bounded(kind, low, high):
    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"between {low} and {high}")
        return value

    return parse


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", metavar="FILE", help="write the comparisons as a list")
    common.add_argument("--subject", default="weft", help="what stands for weft (to test this)")
    common.add_argument("--no-build", action="store_true", help="take the peers as they are")

    h1 = commands.add_parser("h1", parents=[common], help="HTTP/1.1 servers")
    h1.add_argument("--rounds", type=bounded(int, 1, 1000), default=75)
    h1.add_argument("--secs", type=bounded(float, 0.05, 60), default=0.1, help="of one slice")
    h1.add_argument(
        "--cases",
        type=words,
        default=["plain", "pipelined"],
        help="some of plain, pipelined, idle (memory of idle connections)",
    )
    h1.add_argument(
        "--peers", type=words, default=DEFAULT_PEERS, help=f"of: {', '.join(SERVERS)}"
    )
    h1.add_argument("--load", choices=GENERATORS, default="rawload")
    h1.add_argument("--server-cpus", type=cpu_set, default={0})
    h1.add_argument("--load-cpus", type=cpu_set, default={1})
    h1.add_argument("--weft-server", default=str(RELEASE / "servers" / "weft_bench_server"))

    for name, rounds, workers, what in (
        ("sched", 9, 2, "scheduler, channels, locks, timers"),
        ("growth", 5, 1, "what a task or a timer costs among 1 to 1,000,000"),
    ):
        sched = commands.add_parser(name, parents=[common], help=what)
        sched.add_argument("--rounds", type=bounded(int, 1, 1000), default=rounds)
        sched.add_argument("--workers", type=bounded(int, 0, 64), default=workers)
        sched.add_argument("--reps", type=bounded(int, 1, 100), default=1, help="in each process")
        sched.add_argument("--scale", type=bounded(float, 0.001, 10), default=1.0, help="of work")
        sched.add_argument("--only", type=words, default=[], help="names of workloads")
        sched.add_argument("--cpus", dest="sched_cpus", type=cpu_set, default={0, 1})
        sched.add_argument("--weft-sched", default=str(RELEASE / "sched"))

    io = commands.add_parser("io", parents=[common], help="TCP echo")
    io.add_argument("--rounds", type=bounded(int, 1, 1000), default=25)
    io.add_argument("--secs", type=bounded(float, 0.05, 60), default=0.2, help="of one slice")
    io.add_argument(
        "--connections",
        type=lambda text: [int(word) for word in words(text)],
        default=[1, 64, 1000, 10_000],
    )
    io.add_argument("--server-cpus", type=cpu_set, default={0}, help="of one worker")
    io.add_argument("--all-cpus", type=cpu_set, default={0, 1}, help="of as many as there are")
    io.add_argument("--load-cpus", type=cpu_set, default={1})
    io.add_argument("--weft-echo", default=str(RELEASE / "servers" / "weft_bench_echo"))
    return parser.parse_args()


def missing(text):
    print(text, file=sys.stderr)
    return 2


def h1(options):
    unknown = [name for name in [options.subject, *options.peers] if name not in SERVERS]
    if unknown:
        return missing(f"no server is called {', '.join(unknown)}; known: {', '.join(SERVERS)}")
    if unknown := [case for case in options.cases if case not in (*workload_h1.CASES, "idle")]:
        return missing(f"no case is called {', '.join(unknown)}")
    if options.subject == "weft" and not Path(options.weft_server).exists():
        return missing(f"{options.weft_server} is not built: ./dev build release")
    if not (options.server_cpus | options.load_cpus) <= os.sched_getaffinity(0):
        return missing("the load needs a CPU of its own: --server-cpus, --load-cpus")
    names = [options.subject, *(name for name in options.peers if name != options.subject)]
    needed = {"raw", *(SERVERS[name][1] for name in names)} - {None}
    if not options.no_build:
        peers.build(sorted(needed))
    if not peers.available("raw"):
        return missing("without rawload nothing can be measured")
    absent = [name for name in names if SERVERS[name][1] and not peers.available(SERVERS[name][1])]
    if absent:
        print(f"left out, since not built: {', '.join(absent)}", file=sys.stderr)
    names = [name for name in names if name not in absent]
    versions = [peers.version(SERVERS[name][1]) for name in names if SERVERS[name][1]]
    print("against " + ", ".join(dict.fromkeys(filter(None, versions))))
    options.generator = GENERATORS[options.load]
    limit = raise_descriptor_limit()
    comparisons = workload_h1.run(options, names)
    if "idle" in options.cases:
        comparisons += workload_idle.run(options, names, limit)
    return finish(options, comparisons)


def sched(options):
    if not options.no_build:
        peers.build(["tokio"])
    if not peers.available("tokio"):
        return missing("without Tokio there is nothing to compare with")
    if not Path(options.weft_sched).exists():
        return missing(f"{options.weft_sched} is not built: ./dev build release")
    if not options.sched_cpus <= os.sched_getaffinity(0):
        return missing("not all of these CPUs may be used: --cpus")
    measure = {"sched": workload_sched.run, "growth": workload_growth.run}[options.command]
    return finish(options, measure(options))


def io(options):
    if not Path(options.weft_echo).exists():
        return missing(f"{options.weft_echo} is not built: ./dev build release")
    if not options.server_cpus | options.all_cpus | options.load_cpus <= os.sched_getaffinity(0):
        return missing("not all of these CPUs may be used: --server-cpus, --all-cpus, --load-cpus")
    if not options.no_build:
        peers.build(["raw", "tokio"])
    for name in ("raw", "tokio"):
        if not peers.available(name):
            return missing(f"without {name} there is nothing to compare with")
    print(f"against {peers.version('tokio')}")
    return finish(options, workload_io.run(options, raise_descriptor_limit()))


def finish(options, comparisons):
    if options.json:
        report.write_json(options.json, comparisons)
    return 0


def main():
    # Ends the servers on the way out, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    try:
        return {"h1": h1, "io": io, "sched": sched, "growth": sched}[options.command](options)
    except FAILURES as error:
        return missing(str(error)) and 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

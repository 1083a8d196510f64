"""`bench io`: TCP echo of 64 bytes at 1 to 10,000 connections; CPU time per round trip of the server.

With one worker (`weft`, `tokio`) the servers are compared with each other and with one thread of raw
epoll; with as many workers as there are CPUs (`weft_all`, `tokio_all`) weft with Tokio alone.
"""

import socket
from contextlib import ExitStack

import report
import servers
from answers import WrongAnswer
from load import Rawload
from stats import interval_name
from workload_h1 import Case, compare_series, measure, row

# Which of weft's two forms is held against which peers, and what ratio is wanted at the most.
PEERS = {
    "weft": {"echo_raw": 1.1, "tokio": 0.8},
    "weft_all": {"tokio_all": 0.8},
}
NAMES = ["weft", "echo_raw", "tokio", "weft_all", "tokio_all"]
DESCRIPTORS_BESIDE = 100  # of a process, for anything but its connections


def check(name, port):
    """What is sent comes back, in parts and whole, and then the end."""
    sent = bytes(range(256)) * 8
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as peer:
            peer.settimeout(5)
            received = b""
            for start in range(0, len(sent), 512):
                peer.sendall(sent[start:start + 512])
            while len(received) < len(sent) and (part := peer.recv(4096)):
                received += part
            peer.shutdown(socket.SHUT_WR)
            if received != sent or peer.recv(1):
                raise WrongAnswer(f"{name}: the echo is not what was sent")
    except OSError as error:
        raise WrongAnswer(f"{name}: {error}") from error


def run(options, limit):
    """Measures every number of connections; returns the comparisons, and prints a table for each."""
    comparisons = []
    for connections in options.connections:
        if connections + DESCRIPTORS_BESIDE > limit:
            print(f"left out: {connections} connections need more descriptors than {limit}")
            continue
        with ExitStack() as stack:
            running = servers.start_echoes(stack, NAMES, options.weft_echo, options)
            for name, server in running.items():
                check(name, server.port)
            comparisons += run_case(options, connections, running)
    return comparisons


def run_case(options, connections, running):
    case = Case(f"io, TCP echo, {connections} connections", connections, 1)
    generator = Rawload(connections, 1, options.secs, options.load_cpus, echo=True)
    result = measure(generator, running, options.rounds)
    report.heading(f"{case.workload}: 64 bytes, {options.rounds} rounds of {options.secs:g} s")
    comparisons, rows = [], []
    for subject, peers in PEERS.items():
        if not result.slices[subject]:
            continue
        rows.append([*row(result, subject, None, None)[:6], "", ""])
        for peer, most in peers.items():
            if not result.slices[peer]:
                continue
            cpu = compare_series(result, case, subject, peer, "cpu us/trip", "cpu_us_per_request")
            verdict = "kept" if cpu.ratio <= most else "MISSED"
            rows.append([*row(result, peer, cpu, None)[:7], f"{most:g} {verdict}"])
            comparisons.append(cpu)
    columns = ["server", "cpu us/trip", "trips/s", "p50 us", "p99 us", "busy"]
    report.table([*columns, f"cpu: weft / peer [{interval_name(options.rounds)}]", "at most"], rows)
    report.notes(result.failures, result.disturbance)
    return comparisons

"""Resident memory of a server per idle connection that has made one request."""

import socket
import time
from contextlib import ExitStack
from statistics import median

import answers
import report
import servers
from stats import compare, interval_name

COUNTS = (1_000, 10_000)
SOURCES = 8  # addresses of 127.0.0.0/8 to connect from: one has about 28,000 ports
SETTLE_SECONDS = 3  # servers may give memory back after a while


def run(options, names, descriptor_limit):
    counts = [count for count in COUNTS if count + 100 < descriptor_limit]
    if len(counts) < len(COUNTS):
        report.heading(f"a process may open {descriptor_limit} descriptors: fewer connections then")
    rounds = min(options.rounds, 3)
    kib = {name: {count: {} for count in counts} for name in names}
    for number in range(rounds):
        for name in names:
            report.progress(f"idle connections, round {number + 1} of {rounds}: {name}")
            for count, value in measure(options, name, counts):
                kib[name][count][number] = value
    report.progress("")
    return [each for count in counts for each in table(options, kib, count, rounds)]


def measure(options, name, counts):
    """Yields (count, KiB per connection) of a fresh server as its connections grow."""
    with ExitStack() as stack:
        server = stack.enter_context(servers.start(name, options.weft_server, options.server_cpus))
        answers.check(name, server.port)
        held = [stack.enter_context(connect(server.port, 0))]
        base = server.resident_bytes()
        for count in counts:
            while len(held) <= count:
                held.append(stack.enter_context(connect(server.port, len(held))))
            time.sleep(SETTLE_SECONDS)
            used = server.resident_bytes() - base
            expect_open(name, held)
            yield count, used / 1024 / count


def connect(port, number):
    """A connection whose one request was answered."""
    source = f"127.0.0.{2 + number % SOURCES}"
    peer = socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))
    peer.sendall(answers.REQUEST)
    received = b""
    while answers.BODY not in received:
        chunk = peer.recv(4096)
        if not chunk:
            raise answers.WrongAnswer(f"closed after {received!r}")
        received += chunk
    return peer


def expect_open(name, held):
    """Memory of connections that the server has closed would flatter it."""
    for peer in held:
        peer.setblocking(False)
        try:
            peer.recv(1)
        except BlockingIOError:
            continue
        raise answers.WrongAnswer(f"{name} closed an idle connection of {len(held)}")


def table(options, kib, count, rounds):
    subject, *peers = kib
    report.heading(f"memory, {count:,} idle connections after one request each, {rounds} rounds")
    rows = [[subject, f"{median(kib[subject][count].values()):.2f}", ""]]
    comparisons = []
    for peer in peers:
        one = compare(
            f"h1, {count} idle connections",
            "KiB/connection",
            kib[subject][count],
            peer,
            kib[peer][count],
        )
        if one:
            rows.append([peer, f"{one.peer_value:.2f}", report.ratio(one)])
            comparisons.append(one)
    title = f"{subject} / peer [{interval_name(rounds)}]"
    report.table(["server", "KiB/connection", title], rows)
    return comparisons

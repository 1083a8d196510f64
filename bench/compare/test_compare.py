"""Tests of the harness itself, without a clock: python3 -m unittest discover bench/compare."""

import argparse
import json
import os
import socketserver
import tempfile
import threading
import unittest
from pathlib import Path

import answers
import report
import workload_growth
import workload_io
import workload_sched
from load import LoadError, parse_wrk
from stats import compare, interleaved, median_interval

HELLO = b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 13\r\n\r\nHello, World!"


class Statistics(unittest.TestCase):
    def test_interval_is_the_range_below_six_values(self):
        self.assertEqual(median_interval([3, 1, 2]), (1, 3))

    def test_interval_drops_the_outer_order_statistics(self):
        self.assertEqual(median_interval(range(25)), (7, 17))
        self.assertEqual(median_interval(range(9)), (1, 7))

    def test_ratio_is_formed_inside_each_round(self):
        drifting = {0: 10.0, 1: 20.0, 2: 40.0}
        one = compare("w", "ns", drifting, "p", {0: 20.0, 1: 40.0, 2: 80.0})
        self.assertEqual((one.ratio, one.low, one.high), (0.5, 0.5, 0.5))

    def test_a_round_that_one_of_them_lacks_is_left_out(self):
        one = compare("w", "ns", {0: 1.0, 1: 8.0}, "p", {0: 2.0})
        self.assertEqual((one.weft, one.peer_value, one.ratio), (1.0, 2.0, 0.5))
        self.assertIsNone(compare("w", "ns", {0: 1.0}, "p", {1: 2.0}))

    def test_rounds_alternate_their_direction(self):
        self.assertEqual([name for _, name in interleaved("abc", 2)], list("abccba"))


class WrkOutput(unittest.TestCase):
    TEXT = """
  Latency Distribution
     50%  480.00us
     99%    1.50ms
  100000 requests in 1.00s, 12.97MB read
"""

    def test_requests_and_latencies(self):
        one = parse_wrk("s", self.TEXT, cpu_ns=500_000_000, seconds=1.0)
        self.assertEqual((one.requests, one.p50_us, one.p99_us), (100000, 480.0, 1500.0))
        self.assertEqual((one.cpu_us_per_request, one.busy), (5.0, 0.5))

    def test_errors_void_the_slice(self):
        with self.assertRaises(LoadError):
            parse_wrk("s", self.TEXT + "  Non-2xx or 3xx responses: 3\n", 1, 1.0)


class Canned(socketserver.ThreadingTCPServer):
    """Answers every request head with the same bytes."""

    daemon_threads = True

    def __init__(self, answer):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    if line == b"\r\n":
                        self.wfile.write(answer)

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Answers(unittest.TestCase):
    def check(self, answer):
        with Canned(answer) as server:
            answers.check("canned", server.server_address[1])

    def test_right_answers_pass(self):
        self.check(HELLO)

    def test_wrong_answers_are_told(self):
        for wrong, why in (
            (HELLO.replace(b"200 OK", b"500 No"), "status"),
            (HELLO.replace(b"World", b"Wrold"), "body"),
            (HELLO.replace(b"Date", b"Data"), "Date"),
            (HELLO + b"x", "status"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(answers.WrongAnswer, why):
                self.check(wrong)


class Echo(socketserver.ThreadingTCPServer):
    """Sends back what it makes of what it gets."""

    daemon_threads = True

    def __init__(self, change, last_words=b""):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                while data := self.request.recv(4096):
                    self.request.sendall(change(data))
                self.request.sendall(last_words)

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Echoes(unittest.TestCase):
    def check(self, *how):
        with Echo(*how) as server:
            workload_io.check("echo", server.server_address[1])

    def test_a_right_echo_passes(self):
        self.check(lambda data: data)

    def test_wrong_echoes_are_told(self):
        for how in ((lambda data: data[::-1],), (bytes.upper,), (lambda data: data, b"more")):
            with self.subTest(how), self.assertRaisesRegex(answers.WrongAnswer, "echo"):
                self.check(*how)


class Workloads(unittest.TestCase):
    def test_what_only_one_side_has_is_not_compared(self):
        self.assertEqual(workload_sched.choose([], ["a", "b"], ["b", "c"]), ["b"])
        self.assertEqual(workload_sched.choose(["b"], ["a", "b"], ["a", "b"]), ["b"])
        with self.assertRaisesRegex(workload_sched.SchedError, "c"):
            workload_sched.choose(["b", "c"], ["a", "b"], ["b", "c"])

    def test_what_only_one_side_has_is_named(self):
        known = {"weft": ["a", "b"], "tokio": ["b", "c"]}
        self.assertEqual(list(workload_sched.one_sided(known)), ["not in weft: c", "not in tokio: a"])
        self.assertEqual(list(workload_sched.one_sided({"weft": ["a"], "tokio": ["a"]})), [])

    def test_growth_has_a_table_for_each_kind(self):
        names = ["tasks_held_1", "tasks_held_1000", "timers_fired_10"]
        kinds = {"tasks_held": [1, 1000], "timers_fired": [10]}
        self.assertEqual(workload_growth.by_kind(names), kinds)


class SchedPrograms(unittest.TestCase):
    """Two programs that print what a workload would."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.options = argparse.Namespace(command="growth", rounds=2, workers=1, reps=1, scale=1.0)
        self.options.sched_cpus = os.sched_getaffinity(0)

    def program(self, name, **fields):
        line = json.dumps({"bench": "w", "n": 10, "ns_per_op": 1, "cpu_ns_per_op": 1, **fields})
        path = self.directory / name
        path.write_text(f"#!/bin/sh\n[ \"$7\" = --growth ] && echo '{line}'\n")
        path.chmod(0o755)
        return str(path)

    def test_memory_is_compared_as_time_is(self):
        programs = {
            "weft": self.program("a", cpu_ns_per_op=5, bytes_per_op=100),
            "tokio": self.program("b", cpu_ns_per_op=10, bytes_per_op=400),
        }
        cpu, memory = workload_sched.measure(
            self.options, "w", programs, workload_growth.FIGURES
        )
        self.assertEqual((cpu.ratio, cpu.unit), (0.5, "cpu ns/op"))
        self.assertEqual((memory.ratio, memory.unit), (0.25, "bytes/op"))

    def test_different_work_is_told(self):
        programs = {"weft": self.program("a"), "tokio": self.program("b", n=11)}
        with self.assertRaisesRegex(workload_sched.SchedError, "10, 11"):
            workload_sched.measure(self.options, "w", programs)

    def test_another_workload_is_told(self):
        programs = {"weft": self.program("a"), "tokio": self.program("b", bench="v")}
        with self.assertRaisesRegex(workload_sched.SchedError, "asked for w, got v"):
            workload_sched.measure(self.options, "w", programs)


class Json(unittest.TestCase):
    def test_fields(self):
        one = compare("w", "ns/op", {0: 1.23456789}, "p", {0: 2.0})
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "out.json"
            report.write_json(path, [one])
            (line,) = json.loads(path.read_text())
        names = {"workload", "weft", "peer", "peer_value", "unit", "ratio", "low", "high"}
        self.assertEqual(set(line), names)
        self.assertEqual((line["weft"], line["ratio"]), (1.2346, 0.61728))


if __name__ == "__main__":
    unittest.main()

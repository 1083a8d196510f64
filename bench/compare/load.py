"""Load generators: one short slice of load on a server, and what it cost the server."""

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from process import child_setup
from servers import binary


class LoadError(Exception):
    """The load ended with errors or without a result: its figures are worth nothing."""


@dataclass
class Slice:
    requests: int
    seconds: float
    cpu_ns: int  # of the server
    p50_us: float
    p99_us: float

    @property
    def cpu_us_per_request(self):
        return self.cpu_ns / 1e3 / self.requests

    @property
    def wall_us_per_request(self):
        return self.seconds * 1e6 / self.requests

    @property
    def busy(self):
        """Share of one CPU that the server used."""
        return self.cpu_ns / 1e9 / self.seconds


@dataclass
class Rawload:
    """Our own generator. Connecting and hanging up stay outside of what is measured."""

    connections: int
    pipeline: int
    seconds: float
    cpus: set
    echo: bool = False

    def run(self, server, seconds=None):
        command = [binary("rawload"), "--wait", "--port", server.port]
        command += ["--echo"] if self.echo else []
        command += ["--connections", self.connections, "--pipeline", self.pipeline]
        command += ["--seconds", seconds or self.seconds]
        with subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=child_setup(self.cpus),
        ) as process:
            if process.stdout.readline() != "ready\n":
                raise LoadError(f"{server.name}: rawload could not connect")
            before = server.cpu_ns()
            process.stdin.write("go\n")
            process.stdin.flush()
            line = process.stdout.readline()
            cpu_ns = server.cpu_ns() - before
            process.stdin.close()
        if not line:
            raise LoadError(f"{server.name}: rawload ended without a result")
        result = json.loads(line)
        if result["errors"] or result["unanswered"] or not result["requests"]:
            raise LoadError(f"{server.name}: {line.strip()}")
        return Slice(
            requests=result["requests"],
            seconds=result["seconds"],
            cpu_ns=cpu_ns,
            p50_us=result["p50_us"],
            p99_us=result["p99_us"],
        )


@dataclass
class Wrk:
    """A second opinion on rawload. It works in whole seconds, and is itself the limit at ~110k/s."""

    connections: int
    pipeline: int
    seconds: float
    cpus: set

    def run(self, server, seconds=None):
        whole = max(1, round(seconds or self.seconds))
        url = f"http://127.0.0.1:{server.port}/"
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{whole}s", "--latency"]
        if self.pipeline > 1:
            script = Path(__file__).with_name("pipeline.lua")
            command += ["-s", script, url, "--", str(self.pipeline)]
        else:
            command += [url]
        before, start = server.cpu_ns(), time.monotonic()
        done = subprocess.run(
            command, capture_output=True, text=True, preexec_fn=child_setup(self.cpus)
        )
        cpu_ns = server.cpu_ns() - before
        return parse_wrk(server.name, done.stdout + done.stderr, cpu_ns, time.monotonic() - start)


def parse_wrk(name, text, cpu_ns, seconds):
    total = re.search(r"(\d+) requests in ", text)
    errors = re.search(r"Socket errors: .*|Non-2xx or 3xx responses: .*|unable to .*", text)
    if errors or not total or not int(total[1]):
        raise LoadError(f"{name}: wrk: {errors[0] if errors else text.strip()}")
    latency = {
        percent: float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
        for percent, value, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", text)
    }
    return Slice(int(total[1]), seconds, cpu_ns, latency.get("50", 0), latency.get("99", 0))


GENERATORS = {"rawload": Rawload, "wrk": Wrk}

"""Processes under measurement: started on chosen CPUs, their cost read, ended with certainty."""

import ctypes
import os
import random
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class StartError(Exception):
    """A program did not come up; the message says where its output is."""


def child_setup(cpus):
    """What a child does before exec: take its CPUs, and bind its life to the harness's."""

    def setup():
        os.sched_setaffinity(0, cpus)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return setup


def raise_descriptor_limit():
    """Children inherit it: 10,000 connections need it on both sides. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port():
    """Not one of those that the kernel gives to who connects: else the probe for a server that is
    not up yet can be connected to itself, and the server finds its port taken."""
    for port in random.sample(range(20_000, 32_768), 1000):
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                return port
        except OSError:
            pass
    raise StartError("there is no free port between 20000 and 32768")


def process_tree(pid):
    """The process and its descendants: nginx's work is done by children."""
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                todo += [int(child) for child in children.read_text().split()]
            except OSError:
                pass  # the thread ended meanwhile
    return found


def cpu_ns(pid):
    """CPU time of a process and its descendants, in nanoseconds, threads that ended included."""
    return sum(process_clock_ns(each) for each in process_tree(pid))


def process_clock_ns(pid):
    # clock_getcpuclockid() of the C library is not in Python; this is the clock id it computes.
    cpuclock_sched = 2
    try:
        return time.clock_gettime_ns((~pid << 3) | cpuclock_sched)
    except OSError:
        return 0


def resident_bytes(pid):
    total = 0
    for each in process_tree(pid):
        status = Path(f"/proc/{each}/status").read_text()
        total += int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024
    return total


def machine_busy_seconds():
    """CPU seconds that the whole machine has spent on anything but idling."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, iowait = fields[3], fields[4]
    return (sum(fields) - idle - iowait) / os.sysconf("SC_CLK_TCK")


def own_cpu_seconds():
    """Of the harness and of the children that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Server:
    """A server on its own port, up when the constructor returns, gone when the block ends."""

    def __init__(self, name, command, port, cpus, log):
        self.name, self.port = name, port
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=child_setup(cpus),
            )
        self.pid = self.process.pid
        try:
            self.wait_until_reachable(log)
        except BaseException:
            self.stop()
            raise

    def wait_until_reachable(self, log, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise StartError(f"{self.name} did not start; its output is in {log}")

    def cpu_ns(self):
        return cpu_ns(self.pid)

    def resident_bytes(self):
        return resident_bytes(self.pid)

    def stop(self):
        if self.process.poll() is not None:
            return
        mine = process_tree(self.pid)
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in mine:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

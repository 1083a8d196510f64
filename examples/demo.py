#!/usr/bin/env python3
"""Shows the example server at work: starts it, checks its answers with curl, puts it under load, and stops it.

    demo.py [--once] PATH_TO_HELLO

The load runs until Ctrl-C; with --once for five seconds. The exit status is 0 only if every answer was right, the
load met no error, and the server drained and ended by itself. No process is left behind, however this one ends.
"""

import argparse
import ctypes
import os
import re
import select
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

CONNECTIONS = 64
ONCE_SECONDS = 5
LONGEST_LOAD = 3600  # a demo that was forgotten ends by itself
START_SECONDS = 10
DRAIN_SECONDS = 40  # hello gives its connections 30 s
ON_TERMINAL = sys.stdout.isatty()
COLOURS = ON_TERMINAL and "NO_COLOR" not in os.environ


class Failed(Exception):
    """What went wrong, for the reader."""


# ---- what is printed

def coloured(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURS else text


def say(text=""):
    print(text, flush=True)


def heading(text, aside=""):
    say()
    say(coloured("1", text) + (aside.rjust(78 - len(text)) if aside else ""))


def outcome(good):
    return coloured("32", "ok  ") if good else coloured("1;31", "FAIL")


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms"


class LiveLine:
    """One line that is rewritten in place on a terminal, and a line each time elsewhere."""

    def show(self, text):
        if ON_TERMINAL:
            print(f"\r\x1b[K{text[:79]}", end="", flush=True)
        else:
            say(text)

    def end(self):
        if ON_TERMINAL:
            say()


# ---- processes

class Stop:
    """Whether somebody asked us to stop. Asked twice, it does not wait for anything any more."""

    def __init__(self):
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.hear)

    def hear(self, number, _frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def check(self):
        if self.asked:
            raise KeyboardInterrupt


def tie_to_parent():
    """In the child: it is killed when this process dies, even by SIGKILL."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Children:
    """Every process that was started; `end_all` leaves none of them."""

    def __init__(self):
        self.started = []

    def start(self, command, **options):
        # In a session of their own: Ctrl-C on the terminal is for us to hear, and to pass on in good order.
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=tie_to_parent, **options)
        self.started.append(child)
        return child

    def end_all(self):
        for child in self.started:
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream:
                    try:
                        stream.close()
                    except OSError:
                        pass

    def run(self, stop, command, seconds, data=None):
        """Its exit status and standard output; ends early when we are asked to stop."""
        child = self.start(command, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + seconds
        while True:
            stop.check()
            try:
                out, err = child.communicate(data, timeout=0.1)
                return child.returncode, out, err.decode(errors="replace").strip()
            except subprocess.TimeoutExpired:
                data = None  # communicate() goes on with what it was given first
                if time.monotonic() > until:
                    raise Failed(f"{command[0]} did not end within {seconds} s") from None


class Server:
    """hello, from its start to the end of its drain."""

    def __init__(self, children, path):
        try:
            self.process = children.start([path, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        except OSError as why:
            raise Failed(f"cannot start {path}: {why.strerror}") from None
        self.output = b""

    def read(self, seconds):
        """What it printed within that time; empty: nothing, or it ended."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        part = os.read(self.process.stdout.fileno(), 4096) if ready else b""
        self.output += part
        return part

    def wait_until_listening(self, stop):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            stop.check()
            self.read(0.1)
            found = re.search(rb"^listening on (127\.0\.0\.1):(\d+)\n", self.output, re.MULTILINE)
            if found:
                self.port = int(found[2])
                self.url = f"http://127.0.0.1:{self.port}"
                return
            if self.process.poll() is not None:
                raise Failed(f"the server ended with status {self.process.returncode} before it listened")
        raise Failed(f"the server did not say that it listens within {START_SECONDS} s")

    def still_runs(self, look_for=0):
        try:
            self.process.wait(look_for)
        except subprocess.TimeoutExpired:
            return
        raise Failed(f"the server ended by itself, with status {self.process.returncode}")

    def peak_memory(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024
        except (OSError, TypeError):
            return None

    def drain(self):
        """Asks it to stop and waits. Its last words, and how long it took."""
        began = time.monotonic()
        self.process.terminate()
        before = len(self.output)
        while time.monotonic() < began + DRAIN_SECONDS:
            if not self.read(0.1) and self.process.poll() is not None:
                return self.output[before:].decode(errors="replace").strip(), time.monotonic() - began
        raise Failed(f"the server did not end within {DRAIN_SECONDS} s of SIGTERM")


# ---- checks

def requests_of(url, data):
    """(what is shown, curl's arguments, its standard input, a function from the answers to a complaint or None)"""

    def answers(status, body=None, **fields):
        def judge(replies):
            reply = replies[-1]
            if reply.status != status:
                return f"the status is {reply.status}, not {status}"
            if body is not None and reply.body != body:
                return f"the body is {reply.body[:40]!r}, {len(reply.body)} bytes, not {body[:40]!r}, {len(body)} bytes"
            for name, value in fields.items():
                name = name.replace("_", "-")
                if reply.fields.get(name) != value:
                    return f"{name} is {reply.fields.get(name)!r}, not {value!r}"
            return None
        return judge

    def one_connection(replies):
        connects = [reply.connects for reply in replies]
        return None if connects == [1, 0, 0] else f"new connections a request: {connects}, not [1, 0, 0]"

    return [
        ("GET /", [url + "/"], None, answers(200, b"Hello, World!", content_length="13")),
        ("GET /hello/you", [url + "/hello/you"], None, answers(200, b"Hello, you!\n")),
        ("GET /nap/50, which waits", [url + "/nap/50"], None, answers(200, b"awake\n")),
        ("GET /nap/long, no number", [url + "/nap/long"], None, answers(400)),
        ("POST /echo, 256 KiB", ["--data-binary", "@-", url + "/echo"], data, answers(200, data)),
        ("POST /echo, chunked both ways", ["-H", "Transfer-Encoding: chunked", "--data-binary", "@-", url + "/echo"],
         data, answers(200, data, transfer_encoding="chunked")),
        ("HEAD /", ["--head", url + "/"], None, answers(200, b"", content_length="13")),
        ("GET / three times, one connection", [url + "/"] * 3, None, one_connection),
        ("GET /nowhere", [url + "/nowhere"], None, answers(404)),
        ("DELETE /", ["-X", "DELETE", url + "/"], None, answers(405, allow="GET, HEAD")),
    ]


class Reply:
    def __init__(self, head, body, connects):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.fields = {name.strip().lower(): value.strip()
                       for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = body
        self.connects = connects


def curl(children, stop, arguments, data):
    """The final reply to each URL."""
    separate = b"\n--end-of-reply %{num_connects}--\n".decode()
    # --head prints the head by itself; else --include does. "Expect:" keeps curl from waiting for a 100.
    status, out, complaint = children.run(
        stop, ["curl", "-sS", "--http1.1", "--noproxy", "*", "--max-time", "10", "--include", "-H", "Expect:",
               "-w", separate, *arguments], 15, data)
    if status != 0:
        raise Failed(complaint or f"curl ended with status {status}")
    replies = []
    for whole, connects in re.findall(rb"(.*?)\n--end-of-reply (\d+)--\n", out, re.DOTALL):
        head, _, body = whole.partition(b"\r\n\r\n")
        replies.append(Reply(head, body, int(connects)))
    if not replies:
        raise Failed("curl printed no reply")
    return replies


def check_all(children, stop, server):
    """How many checks there are, how many failed, and how many requests they took."""
    heading("Checks, by curl")
    if not shutil.which("curl"):
        raise Failed("curl is missing; ./dev setup installs it")
    failures = requests = 0
    checks = requests_of(server.url, os.urandom(256 * 1024))
    for shown, arguments, data, judge in checks:
        replies = []
        try:
            replies = curl(children, stop, arguments, data)
            complaint = judge(replies)
        except (Failed, ValueError, IndexError) as why:
            complaint = str(why)
        requests += len(replies)
        failures += complaint is not None
        status = replies[-1].status if replies else "-"
        say(f"  {outcome(not complaint)}  {shown:<36} {status}")
        if complaint:
            say(f"        {complaint}")
        server.still_runs()
    return len(checks), failures, requests


# ---- load

class Slice:
    """What a second of load came to."""

    def __init__(self, requests, seconds, p50, p99, errors):
        self.requests, self.seconds, self.p50, self.p99, self.errors = requests, seconds, p50, p99, errors


class Wrk:
    name = "wrk"
    REPORT = """done = function(summary, latency, requests)
      local e = summary.errors
      io.write(string.format("\\nslice %d %d %d %d %d\\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
    end\n"""

    def __init__(self, children, server):
        self.children, self.server = children, server
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(self.REPORT)
        self.script.flush()

    def slice(self, stop):
        wrk = self.children.start(
            ["wrk", "-t1", f"-c{CONNECTIONS}", "-d1s", "--timeout", "5s", "-s", self.script.name, self.server.url + "/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        told = False
        until = time.monotonic() + 15
        while True:
            try:
                out, err = wrk.communicate(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                if stop.asked and not told:
                    wrk.send_signal(signal.SIGINT)  # it stops, and reports what it has
                    told = True
                if time.monotonic() > until:
                    raise Failed("wrk does not end") from None
        found = re.search(rb"slice (\d+) (\d+) (\d+) (\d+) (\d+)", out)
        if not found:
            if told:
                return None
            raise Failed(f"wrk failed: {(err or out).decode(errors='replace').strip()[:200]}")
        requests, took, p50, p99, errors = map(int, found.groups())
        return Slice(requests, took / 1e6, p50 / 1e6, p99 / 1e6, errors)

    def close(self):
        self.script.close()


class Loader:
    """A small stand-in for wrk: it is slower than the server, so that it measures itself."""
    name = "Python (wrk is missing: the figures are the loader's)"
    REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    def __init__(self, _children, server):
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(connection)
            self.selector.register(connection, selectors.EVENT_READ, [b"", time.perf_counter()])
            connection.sendall(self.REQUEST)

    def slice(self, stop):
        began = time.perf_counter()
        latencies, errors = [], 0
        while time.perf_counter() < began + 1 and not stop.asked and self.selector.get_map():
            for key, _ in self.selector.select(0.1):
                try:
                    if self.take(key.fileobj, key.data, latencies):
                        continue
                except OSError:
                    pass
                errors += 1
                self.selector.unregister(key.fileobj)
        seconds = time.perf_counter() - began
        latencies.sort()
        if not latencies:
            return None if stop.asked else Slice(0, seconds, 0, 0, errors + 1)
        return Slice(len(latencies), seconds, latencies[len(latencies) // 2],
                     latencies[len(latencies) * 99 // 100], errors)

    def take(self, connection, state, latencies):
        """False: the connection is at its end, or the answer is wrong."""
        part = connection.recv(65536)
        state[0] += part
        head, found, body = state[0].partition(b"\r\n\r\n")
        if not part or not state[0].startswith(b"HTTP/1.1 200 "[:len(state[0])]):
            return False
        if found and len(body) >= 13:
            if body != b"Hello, World!":
                return False
            now = time.perf_counter()
            latencies.append(now - state[1])
            state[0], state[1] = b"", now
            connection.sendall(self.REQUEST)
        return True

    def close(self):
        for connection in self.sockets:
            connection.close()
        self.selector.close()


def put_under_load(children, stop, server, seconds):
    """The slices of load, until we are asked to stop or the time is up, and whether each was reported."""
    kind = Wrk if shutil.which("wrk") else Loader
    heading(f"Load: GET / on {CONNECTIONS} connections", "Ctrl-C stops" if seconds > ONCE_SECONDS else "")
    say(f"  by {kind.name}")
    load, line, slices, reported = kind(children, server), LiveLine(), [], True
    until = time.monotonic() + seconds
    try:
        while not stop.asked and time.monotonic() < until:
            try:
                one = load.slice(stop)
            except Failed:
                server.still_runs(1)  # if it died, that is what there is to say
                raise
            server.still_runs()
            if one is None:
                reported = False
                break
            slices.append(one)
            total = sum(each.requests for each in slices)
            line.show(f"  {len(slices):4} s {one.requests / one.seconds:11,.0f} requests/s"
                      f"   p50 {milliseconds(one.p50):>9}   p99 {milliseconds(one.p99):>9}"
                      f"{total:14,}" + (f"  {one.errors} errors" if one.errors else ""))
    finally:
        line.end()
        load.close()
    return slices, reported


# ---- the end

def stop_server(server):
    """Stops it while a request is being handled, which has to be answered. Its last words, and a complaint or None."""
    heading("Stop: SIGTERM, while one request is being handled")
    host = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as late:
        # Two at once: when the first is answered, the server is at the second.
        late.sendall(b"GET /" + host + b"\r\nGET /nap/400" + host + b"Connection: close\r\n\r\n")
        got = late.recv(65536)
        words, took = server.drain()
        try:
            while part := late.recv(65536):
                got += part
        except OSError as why:
            got += str(why).encode()
    answer = got.split(b"\r\n\r\n")[-1].decode(errors="replace").strip()
    for line in words.splitlines():
        say(f"  {line}")
    if answer != "awake":
        return words, f"the request that was being handled got {answer!r}"
    if server.process.returncode != 0:
        return words, f"the server's exit status is {server.process.returncode}"
    return words, None if took < 5 else f"the drain took {took:.1f} s"


def summarise(rows):
    heading("Summary")
    for good, name, text in rows:
        say(f"  {outcome(good)}  {name:<16} {text}")
    good = all(row[0] for row in rows)
    say()
    say(coloured("1;32", "All is well.") if good else coloured("1;31", "Something is wrong; see above."))
    return 0 if good else 1


def demonstrate(children, stop, arguments):
    server = Server(children, arguments.hello)
    server.wait_until_listening(stop)
    say(f"{coloured('1', 'hello')} is served by weft at {coloured('1;36', server.url)}")
    say(f"  curl {server.url}/hello/you")

    checks, failures, requests = check_all(children, stop, server)
    slices, reported = put_under_load(children, stop, server, ONCE_SECONDS if arguments.once else LONGEST_LOAD)
    memory = server.peak_memory()
    words, complaint = stop_server(server)

    rows = [(failures == 0, "checks", f"{checks - failures} of {checks} answers are right")]
    loaded = sum(one.requests for one in slices)
    if slices:
        errors = sum(one.errors for one in slices)
        rate = loaded / sum(one.seconds for one in slices)
        rows.append((errors == 0 and loaded > 0, "load", f"{rate:,.0f} requests/s, {errors} errors"))
        rows.append((True, "latency", f"p50 {milliseconds(statistics.median(one.p50 for one in slices))}, "
                                      f"p99 {milliseconds(statistics.median(one.p99 for one in slices))} "
                                      "(medians over the seconds)"))
    counted = re.search(r"served (\d+) requests", words)
    served = int(counted[1]) if counted else -1
    # What was on its way when a second of load ended was served and not counted by the load; nor was a second that was
    # broken off before it could be.
    known = requests + loaded + 2
    uncounted = CONNECTIONS * (len(slices) + 1) if reported else served
    rows.append((known <= served <= known + uncounted, "served",
                 f"{served:,} requests, of which {known:,} were received by us"))
    if memory is not None:
        rows.append((True, "memory", f"{memory:.1f} MiB at most"))
    rows.append((complaint is None, "graceful stop", complaint or "what was being handled was answered; status 0"))
    return summarise(rows)


def main():
    parser = argparse.ArgumentParser(description="Shows the example server at work.")
    parser.add_argument("--once", action="store_true", help="five seconds of load, unattended")
    parser.add_argument("hello", help="the program examples/hello")
    arguments = parser.parse_args()
    children, status = Children(), 1
    try:
        status = demonstrate(children, Stop(), arguments)
    except BrokenPipeError:
        # Nobody reads us any more. The interpreter would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        status = 130
    except Failed as why:
        print(f"{coloured('1;31', 'error:')} {why}", file=sys.stderr)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        children.end_all()
    return status


if __name__ == "__main__":
    sys.exit(main())

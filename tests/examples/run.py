#!/usr/bin/env python3
"""Runs an example as its reader would: starts it, talks to it, compares what it says, stops it.

    run.py NAME DIRECTORY_OF_PROGRAMS
"""

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 60  # for a machine that is busy, and sanitizers; nothing here waits for a time to pass


def expect(condition, complaint):
    if not condition:
        sys.exit(f"expected {complaint}")


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what} to be {wanted!r}, got {got!r}")


# ---- examples that say something and end

SAYS = {
    "async_fd": "the timer ran out three times\nand once more\n",
    "at_once": """\
join: page and picture
select: origin
timeout: timed out: the deadline passed first
try_join: 3
try_join: 'two' is no number: malformed input
spawn: 2083330
""",
    "blocking": """\
the digits of 1234 sum to 10
those of the first thousand numbers to 13500
too large for this example: an exception escaped the task
""",
    "in_place": """\
received: from a task of the same worker
""",
    "cancel": """\
the worker is cleaned up
aborted
asked to end, because of a shutdown
it had done its rounds: yes
gave up waiting: timed out: the deadline passed first
committed all the same: 7
""",
    "metrics": """\
# HELP disk_free_bytes Room on the disk.
# TYPE disk_free_bytes gauge
disk_free_bytes{disk="a"} 1e+09
# HELP mail_bytes Size of a mail.
# TYPE mail_bytes histogram
mail_bytes_bucket{le="1000"} 1
mail_bytes_bucket{le="1e+05"} 2
mail_bytes_bucket{le="+Inf"} 2
mail_bytes_sum 2300
mail_bytes_count 2
# HELP mails_open Mails that are being sent.
# TYPE mails_open gauge
mails_open 0
# HELP mails_sent_total Mails that were sent.
# TYPE mails_sent_total counter
mails_sent_total 2
# HELP weft_metrics_refused_total What the registry of metrics had no room for, or left out.
# TYPE weft_metrics_refused_total counter
weft_metrics_refused_total 0
a runtime tells of its tasks: yes
""",
    "see_inside": """\
 INFO charged tenant=acme in charge{cents=100} < checkout{order=1}
 INFO charge{cents=100} ended in checkout{order=1}
 INFO charged tenant=acme in charge{cents=1} < checkout{order=1}
 INFO charge{cents=1} ended in checkout{order=1}
 INFO checkout{order=1} ended
 INFO charged tenant=umbrella in charge{cents=200} < checkout{order=2}
 INFO charge{cents=200} ended in checkout{order=2}
 INFO charged tenant=umbrella in charge{cents=2} < checkout{order=2}
 INFO charge{cents=2} ended in checkout{order=2}
 INFO checkout{order=2} ended error="the card is too old"
 WARN late why="timed out: the deadline passed first"
{"time":"","level":"warn","message":"late","fields":{"why":"timed out: the deadline passed first"},"file":"","line":0}
""",
    "channels": """\
ten workers counted to 50500
answers: 6, 5
the librarian was asked 2 times
full: yes
received: reserved
""",
    "lock_report": "1 contended locks\n",
    "locks": """\
7 and 7 letters
festina lente
connecting, once
the same for both: yes
leaders: 1
taken: 42
""",
    "hooks": """\
cleaner: the disk is full: an exception escaped the task
cancelled: 3 of session
""",
    "local_pool": "14, on one thread\n338350, on one thread\n",
    "own_leaf": "the oracle says 42\n",
    "publish": """\
the last weather: rain
missed: 3
goes on with: 4
it was handed over
received: a letter
""",
    "runtime_metrics": """\
spawned 4, alive 0
measured all polls: yes
""",
    "scope": """\
scope: 300
best of two: 25
all or none: shop: not found
the watch ends with its handle
""",
    "task_group": """\
group: <map><news>(none)
all or nothing: broken: not found
two at once: 5
ann: <second>
""",
    "paused_clock": """\
who hangs is given up: right
after three attempts: right
a tick at once, and one a minute: right
""",
    "timers": """\
tick at 0 ms
tick at 25 ms
tick at 30 ms
tick at 40 ms
bob expired at 30 ms
ann expired at 50 ms
""",
    "connect": """\
connected to the second address
1 attempt failed: Connection refused
""",
    "own_leaf": "the oracle says 42\n",
    "pipe": "the child said:\none\ntwo\n",
    "unix_echo": "called by this very process\nthe echo is hello\n",
    "generator": """\
fibonacci: 0 1 1 2 3 5 8 13 21 34
page 1
page 2
no more: page 3: not found
slow: 1
slow: 2
gave up waiting in between: yes
""",
    "own_leaf": "the oracle says 42\n",
    "stream_adaptors": """\
3 even squares: 4 16 36
page 1: 100 bytes
page 2: 200 bytes
page 3: not found
page 4: 400 bytes
1000 bytes in batches: 3 1
""",
}


# What is different each time, or elsewhere.
CHANGES = [(r" (busy|idle)=\d[\d.]*(ns|us|ms|s)", ""), (r'"time":"[^"]*"', '"time":""'),
           (r'"file":"[^"]*/see_inside.cpp","line":\d+', '"file":"","line":0')]


def check_output(program, wanted):
    ended = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    sys.stderr.write(ended.stderr.decode(errors="replace"))
    said = ended.stdout.decode()
    for changing, constant in CHANGES:
        said = re.sub(changing, constant, said)
    expect_equal(said, wanted, "the output")
    expect_equal(ended.returncode, 0, "the exit status")


# ---- examples that serve

class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.output = ""
        self.port = int(self.wait_for(r"^listening on 127\.0\.0\.1:(\d+)\n")[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_for(self, pattern):
        until = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.output, re.MULTILINE)):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            part = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            expect(part, f"it to print {pattern!r}; it printed {self.output!r}")
            self.output += part.decode()
        return found

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def request(self, method, path, body=None, **options):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body, **options)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, content

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=PATIENCE)
        expect_equal(self.process.returncode, 0, "the exit status")
        return rest.decode()


def check_inherited(path):
    """What a service manager does: it listens, and starts the program with the socket as descriptor 3."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=echo exec "$0"'
        service = subprocess.Popen(["/bin/sh", "-c", script, path], stdout=subprocess.PIPE, pass_fds=(3,),
                                   preexec_fn=lambda: os.dup2(listening.fileno(), 3))
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        expect_equal(receive_all(client), b"hello, and goodbye\n", "what the service says")
    said, _ = service.communicate(timeout=PATIENCE)
    expect_equal(said.decode(), f'inherited the socket "echo"\nlistening on 127.0.0.1:{port}\n', "the output")
    expect_equal(service.returncode, 0, "the exit status")


def check_not_inherited(program):
    with program.connect() as client:
        expect_equal(receive_all(client), b"hello, and goodbye\n", "what the service says on a socket of its own")


def receive_all(connection):
    whole = b""
    while part := connection.recv(65536):
        whole += part
    return whole


def chunks(data, size):
    for start in range(0, len(data), size):
        yield data[start:start + size]


def check_hello(program):
    expect_equal(program.request("GET", "/"), (200, b"Hello, World!"), "GET /")
    expect_equal(program.request("GET", "/hello/you"), (200, b"Hello, you!\n"), "GET /hello/you")
    expect_equal(program.request("GET", "/nap/1"), (200, b"awake\n"), "GET /nap/1")
    expect_equal(program.request("GET", "/nap/1x")[0], 400, "the status of GET /nap/1x")
    expect_equal(program.request("POST", "/echo", b"abc"), (200, b"abc"), "POST /echo")
    expect_equal(program.request("GET", "/nowhere")[0], 404, "the status of GET /nowhere")
    expect_equal(program.request("GET", "/echo")[0], 405, "the status of GET /echo")
    # SIGTERM comes while a request is handled, which is so once the one before it is answered. It gets its answer, and
    # the connection is closed.
    with program.connect() as late:
        late.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /nap/300 HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while b"Hello, World!" not in answer:
            answer += late.recv(65536)
        last_words = program.stop()
        answer = receive_all(late)
    expect(b"awake\n" in answer and b"connection: close" in answer.lower(), f"the late answer, got {answer!r}")
    expect_equal(last_words, "served 9 requests on 8 connections; at the end 1 were open, 0 were cut\n", "the last words")


def check_tcp_echo(program):
    data = os.urandom(300_000)
    with program.connect() as connection:
        received = b""
        for part in chunks(data, 50_000):
            connection.sendall(part)
            while len(received) < len(data) and select.select([connection], [], [], 0)[0]:
                received += connection.recv(65536)
        connection.shutdown(socket.SHUT_WR)
        expect_equal(received + receive_all(connection), data, "what comes back")
    with program.connect() as silent:
        silent.sendall(b"x")
        expect_equal(silent.recv(1), b"x", "an echo")
        last_words = program.stop()
        expect_equal(receive_all(silent), b"", "what a silent connection gets when the server stops")
    expect_equal(last_words, "served 2 connections, all ended\n", "the last words")


def check_udp_echo(program):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", program.port))
        for text in (b"one", b"", b"x" * 1400):
            client.send(text)
            expect_equal(client.recv(65536), text, "an echo")
        client.send(b"x" * 1501)  # too long for it: not echoed in part
        client.send(b"last")
        expect_equal(client.recv(65536), b"last", "the echo after one that was too long")
    expect_equal(program.stop(), "received 5 datagrams\n", "the last words")


def check_stream_body(program):
    ticks = b"".join(b"tick %d\n" % n for n in range(1, 6))
    expect_equal(program.request("GET", "/ticks"), (200, ticks), "GET /ticks")
    data = b"a line of text\n" * 200_000
    expect_equal(program.request("POST", "/size", chunks(data, 10_000), encode_chunked=True,
                                 headers={"Transfer-Encoding": "chunked"}),
                 (200, b"%d\n" % len(data)), "POST /size")
    short = data[:45_000]
    expect_equal(program.request("POST", "/upper", chunks(short, 1000), encode_chunked=True,
                                 headers={"Transfer-Encoding": "chunked"}),
                 (200, short.upper()), "POST /upper")
    # Part by part, both ways: an answer before the request has ended.
    with program.connect() as both:
        both.sendall(b"POST /upper HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        got = b""
        while b"3\r\nABC\r\n" not in got:
            part = both.recv(65536)
            expect(part, f"the first part back before the second is sent, got {got!r}")
            got += part
        both.sendall(b"2\r\nde\r\n0\r\n\r\n")
        while not got.endswith(b"2\r\nDE\r\n0\r\n\r\n"):
            part = both.recv(65536)
            expect(part, f"the second part and the end, got {got!r}")
            got += part
    # A client that vanishes in the middle costs nothing but its connection.
    with program.connect() as gone:
        gone.sendall(b"POST /upper HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    expect_equal(program.request("GET", "/ticks"), (200, ticks), "GET /ticks after that")
    program.stop()


def check_line_server(program):
    with program.connect() as connection:
        connection.sendall(b"set greeting hello there\r\nget greeting\n" + b"x" * 300 + b"\nget nothing\nwhat\nqui")
        connection.sendall(b"t\nnobody reads this\n")
        answers = receive_all(connection).decode().split("\n")
    expect_equal(answers[:2], ["ok", "value hello there"], "the first answers")
    expect(answers[2].startswith("error: frame at byte 39: "), f"where the long line began, got {answers[2]!r}")
    expect_equal(answers[3:], ["none", "error: set KEY VALUE, get KEY, or quit", ""], "the last answers")
    with program.connect() as other:
        other.sendall(b"get greeting")
        other.shutdown(socket.SHUT_WR)
        expect_equal(receive_all(other), b"value hello there\n", "what another client gets")
    program.stop()


def check_proxy(program):
    data = os.urandom(200_000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def echo():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(receive_all(connection))
        server = threading.Thread(target=echo, daemon=True)
        server.start()
        with program.connect() as client:
            client.sendall(b"127.0.0.1:%d\r\n" % listener.getsockname()[1] + data)
            client.shutdown(socket.SHUT_WR)
            expect_equal(receive_all(client), data, "what comes back")
        server.join(PATIENCE)
    program.wait_for(r"^200000 bytes there, 200000 back$")
    with program.connect() as silent:
        silent.shutdown(socket.SHUT_WR)
        expect_equal(receive_all(silent), b"", "what a client gets that names no server")
    program.stop()


def check_chat(program):
    def reader(connection):
        return connection.makefile("rb")

    with program.connect() as ann, program.connect() as bob:
        from_ann, from_bob = reader(ann), reader(bob)
        ann.sendall(b"ann\n")
        expect_equal([from_ann.readline(), from_ann.readline()], [b"* your name?\n", b"* welcome, ann\n"], "to ann")
        expect_equal(from_ann.readline(), b"*: ann comes\n", "what ann hears first")
        bob.sendall(b"bob\n")
        expect_equal([from_bob.readline(), from_bob.readline()], [b"* your name?\n", b"* welcome, bob\n"], "to bob")
        expect_equal(from_ann.readline(), b"*: bob comes\n", "what ann hears of bob")
        expect_equal(from_bob.readline(), b"*: bob comes\n", "what bob hears of himself")
        bob.sendall(b"hello\nare you there?\n")
        expect_equal([from_ann.readline(), from_ann.readline()], [b"bob: hello\n", b"bob: are you there?\n"], "to ann")
        ann.sendall(b"yes\n")
        expect_equal(from_bob.readline(), b"ann: yes\n", "what bob hears, and not his own lines")
        ann.shutdown(socket.SHUT_WR)
        expect_equal(from_bob.readline(), b"*: ann leaves\n", "what bob hears in the end")
        from_ann.close()
        from_bob.close()
    program.stop()


STARTED_BY_A_MANAGER = {"inherited": check_inherited}

SERVES = {
    "chat": check_chat,
    "hello": check_hello,
    "inherited": check_not_inherited,
    "line_server": check_line_server,
    "proxy": check_proxy,
    "stream_body": check_stream_body,
    "tcp_echo": check_tcp_echo,
    "udp_echo": check_udp_echo,
}


def main():
    name, directory = sys.argv[1:]
    path = os.path.join(directory, name)
    if name in STARTED_BY_A_MANAGER:
        STARTED_BY_A_MANAGER[name](path)
    if name in SAYS:
        check_output(path, SAYS[name])
    else:
        with Program(path) as program:
            SERVES[name](program)


if __name__ == "__main__":
    main()

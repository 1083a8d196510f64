"""Loads examples/hello with the clients that people have, and expects that none sees a failure.

usage: clients.py HELLO
"""

import re
import signal
import subprocess
import sys


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    expect(done.returncode == 0, f"status {done.returncode} of {' '.join(command)}", said)
    return said


def expect(holds, what, said):
    if not holds:
        sys.exit(f"error: {what}; it said:\n{said}")


def number(pattern, said):
    """The number in the one line that has it."""
    found = re.search(pattern, said, re.MULTILINE)
    expect(found, f"no line like {pattern}", said)
    return int(found[1])


def curl(url):
    """300 requests on one connection, then bodies of several sizes, with a length and in chunks."""
    codes = run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", url + "hello/[1-300]")
    counted = codes.splitlines()
    expect(len(counted) == 300 and all(line.startswith("200 ") for line in counted), "not 300 times 200", codes)
    expect(sum(int(line[4:]) for line in counted) == 1, "more than one connection", codes)
    for size in (0, 1, 1000, 100_000, 3_000_000):
        text = "x" * size
        for fields in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
            command = ["curl", "-sS", "--fail", *fields, "--data-binary", "@-", url + "echo"]
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
            expect(done.returncode == 0 and done.stdout == text, f"{command} did not echo {size} bytes", done.stderr)
    return "300 requests and 15 bodies"


def wrk(url):
    said = run("wrk", "-t1", "-c50", "-d2", url)
    expect("Socket errors" not in said and "Non-2xx" not in said, "wrk saw failures", said)
    count = number(r"(\d+) requests in", said)
    return f"{count} requests"


def h2load(url):
    said = run("h2load", "--h1", "-t1", "-c20", "-n20000", url)
    expect("20000 succeeded, 0 failed, 0 errored, 0 timeout" in said, "h2load saw failures", said)
    expect(number(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", said) == 20000, "not all are 2xx", said)
    return "20000 requests"


def ab(url):
    for keep_alive in (["-k"], []):
        said = run("ab", "-q", *keep_alive, "-c20", "-n5000", url)
        expect(number(r"^Complete requests: +(\d+)", said) == 5000, "not all are complete", said)
        expect(number(r"^Failed requests: +(\d+)", said) == 0, "ab saw failures", said)
        expect("Non-2xx" not in said, "ab saw other statuses", said)
    return "10000 requests, half of them on connections of their own"


def main():
    hello = subprocess.Popen([sys.argv[1], "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = "http://" + hello.stdout.readline().removeprefix("listening on ").strip() + "/"
        for client in (curl, wrk, h2load, ab):
            print(f"{client.__name__}: {client(url)}, no failure", flush=True)
        hello.send_signal(signal.SIGTERM)
        rest, _ = hello.communicate(timeout=20)
        expect(hello.returncode == 0 and "0 were cut" in rest, "hello did not end well", rest)
    finally:
        hello.kill()
        hello.wait()


main()

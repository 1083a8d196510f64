"""Runs examples/hello as a stranger would: start, ask with curl, stop, look at what it says.

usage: hello_test.py PATH_TO_HELLO
"""

import re
import signal
import subprocess
import sys


def curl(*arguments):
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"curl {arguments}: {done.returncode}: {done.stderr}"
    return done.stdout


def main():
    hello = subprocess.Popen([sys.argv[1], "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        line = hello.stdout.readline()
        found = re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", line)
        assert found, f"expected `listening on 127.0.0.1:PORT`, it said {line!r}"
        url = "http://" + found[1]

        assert curl(url + "/") == "Hello, World!"
        assert curl(url + "/hello/weft") == "Hello, weft!\n"
        assert curl("-d", "some=body", url + "/echo") == "some=body"
        assert curl(url + "/nap/1") == "awake\n"
        assert curl("-o", "/dev/null", "-w", "%{http_code}", url + "/nap/never") == "400"
        assert curl("-o", "/dev/null", "-w", "%{http_code}", url + "/nowhere") == "404"

        hello.send_signal(signal.SIGTERM)
        rest, _ = hello.communicate(timeout=20)
        assert hello.returncode == 0, f"exit status {hello.returncode}, it said {rest!r}"
        assert re.search(r"served 6 requests on 6 connections", rest), rest
        assert re.search(r"0 were cut", rest), rest
    finally:
        hello.kill()
        hello.wait()


main()

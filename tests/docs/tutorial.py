#!/usr/bin/env python3
"""The programs of the tutorial do what its text says.

    tutorial.py DIRECTORY_OF_PROGRAMS
"""

import pathlib
import signal
import socket
import subprocess
import sys
import time

PROGRAMS = pathlib.Path(sys.argv[1])
PATIENCE = 60

SAYS = {
    "hello": "hello, world\nthat was 5 letters\n",
    "spawn": "2 and 4\ncounting\n4 words\n6 words in all\n",
    "shared_state": "ann 500, bob 500\n",
    "channels": "ann 2\n",
    "streams": "1: ann\n2: bob\n3: ann\ntorn ballot: malformed input\n",
}


def expect_equal(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()


def connect(address, server):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(address, timeout=PATIENCE)
        except ConnectionRefusedError:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit("the server does not listen")
            time.sleep(0.01)


def converse(name, said, wanted, stop):
    """Starts a server, says something, ends the own side, and reads to the end."""
    address = free_address()
    server = subprocess.Popen([PROGRAMS / f"tutorial_{name}", f"{address[0]}:{address[1]}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
    try:
        with connect(address, server) as client:
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            expect_equal(b"".join(iter(lambda: client.recv(4096), b"")), wanted, name)
        if stop:
            server.send_signal(signal.SIGTERM)
            expect_equal(server.communicate(timeout=PATIENCE)[0], stop, f"{name}, its end")
            expect_equal(server.returncode, 0, f"{name}, its status")
    finally:
        server.kill()
        server.communicate()


def main():
    for name, wanted in SAYS.items():
        ended = subprocess.run([PROGRAMS / f"tutorial_{name}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               timeout=PATIENCE, check=False)
        expect_equal(ended.stdout.decode(), wanted, name)
        expect_equal(ended.returncode, 0, f"{name}, its status")
    converse("io", b"echo", b"echo", None)
    converse("select", b"add ann\nadd ann\nget bob\nwhat\n",
             b"ann 1\nann 2\nbob 0\nerror: say add NAME or get NAME\n", b"everybody has left\n")
    print("the programs of the tutorial do what it says")


if __name__ == "__main__":
    main()

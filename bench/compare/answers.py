"""A server must answer rightly before its speed means anything."""

import socket

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b"Hello, World!"


class WrongAnswer(Exception):
    pass


def read_response(stream):
    """One response of a known length: status line, headers by lower-case name, body."""
    status = stream.readline()
    if not status.endswith(b"\r\n"):
        raise WrongAnswer(f"the connection was closed after {status!r}")
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def expect_hello(stream):
    status, headers, body = read_response(stream)
    if not status.startswith(b"HTTP/1.1 200 "):
        raise WrongAnswer(f"status {status!r}")
    if body != BODY:
        raise WrongAnswer(f"body {body!r}")
    if "date" not in headers:
        raise WrongAnswer("no Date")
    if headers.get("connection", "").lower() == "close":
        raise WrongAnswer("the connection is not kept alive")


def check(name, port, pipeline=16):
    """Twice one request and then a pipelined batch, on one connection, with nothing left over."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as peer:
            peer.settimeout(5)
            with peer.makefile("rb") as stream:
                for batch in (1, 1, pipeline):
                    peer.sendall(REQUEST * batch)
                    for _ in range(batch):
                        expect_hello(stream)
                peer.shutdown(socket.SHUT_WR)
                if rest := stream.read():
                    raise WrongAnswer(f"bytes after the last answer: {rest[:80]!r}")
    except OSError as error:
        raise WrongAnswer(f"{name}: {error}") from error
    except WrongAnswer as error:
        raise WrongAnswer(f"{name}: {error}") from error

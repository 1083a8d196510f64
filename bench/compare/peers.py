"""Peers are built on demand: runs bench/peers/build.sh and says which of them can be used."""

import subprocess

from servers import PEERS, ROOT

PROGRAMS = {
    "raw": ["epoll_raw", "echo_raw", "rawload"],
    "beast": ["beast_server"],
    "nginx": ["nginx"],
    "hyper": ["hyper_h1"],
    "tokio": ["sched", "tokio_echo"],
}


def build(names):
    """Builds what is out of date. build.sh itself says what is missing and how to get it."""
    subprocess.run([ROOT / "bench" / "peers" / "build.sh", *names], check=False)


def available(name):
    return all((PEERS / "bin" / program).exists() for program in PROGRAMS[name])


def version(name):
    try:
        return (PEERS / "versions" / name).read_text().strip()
    except OSError:
        return ""

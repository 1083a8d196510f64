"""Sends every input of the HTTP/1.1 corpus to weft, nginx and Hyper, and compares what they accept.

usage: differential.py COLLECTING_SERVER DUMP_H1_CORPUS [--list]

An input gets a verdict from each server: how many of its requests were answered as requests are
(with any status but those that refuse one), and whether one was refused or the connection closed.
weft may be stricter than both of the others. Where it takes more requests than either of them, it
must be in explained.txt, with the reason; an entry that no longer applies is an error too.
"""

import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench" / "compare"))

import peers  # noqa: E402
import servers  # noqa: E402
from process import Server, free_port  # noqa: E402

# What servers say to a request that they do not take as one; 405 is what nginx says to CONNECT.
REFUSALS = {400, 405, 411, 413, 414, 417, 421, 426, 431, 494, 500, 501, 505}
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
QUIET_SECONDS = (0.3, 2)  # for an answer; the second is for those that differ at first


@dataclass(frozen=True)
class Verdict:
    accepted: int
    refused: int  # the status, or 0
    closed: bool

    def __str__(self):
        parts = [f"{self.accepted} accepted"]
        if self.refused:
            parts.append(str(self.refused))
        if self.closed:
            parts.append("closed")
        return ", ".join(parts)


def converse(port, text, quiet):
    """All that the server says until it closes the connection or falls silent."""
    said, closed = b"", False
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        try:
            peer.sendall(text)
            peer.settimeout(quiet)
            while part := peer.recv(65536):
                said += part
            closed = True
        except TimeoutError:
            pass
        except OSError:
            closed = True  # with a reset
    return said, closed


def judge(port, text, quiet):
    said, closed = converse(port, text, quiet)
    accepted, refused = 0, 0
    # No body that these servers send looks like a status line.
    for status in map(int, STATUS_LINE.findall(said)):
        if status in REFUSALS:
            refused = status
        elif status >= 200:
            accepted += 1
    return Verdict(accepted, refused, closed)


def judge_all(ports, text):
    for quiet in QUIET_SECONDS:
        verdicts = {name: judge(port, text, quiet) for name, port in ports.items()}
        if not exceeds(verdicts):
            break
    return verdicts


def exceeds(verdicts):
    others = [verdict.accepted for name, verdict in verdicts.items() if name != "weft"]
    return verdicts["weft"].accepted > max(others)


def read_explained():
    explained, reason = {}, ""
    for line in (HERE / "explained.txt").read_text().splitlines():
        if line.startswith("#"):
            reason = ""
        elif line.startswith("  "):
            explained[line.strip()] = reason
        elif line:
            reason = (reason + " " + line).strip() if reason else line
        else:
            reason = ""
    return explained


def corpus(dump):
    with tempfile.TemporaryDirectory() as directory:
        index = subprocess.run([dump, directory], capture_output=True, text=True, check=True).stdout
        for line in index.splitlines():
            number, name = line.split("\t", 1)
            yield name, (Path(directory) / number).read_bytes()


def start(stack, weft_program):
    cpus = range(256)
    port = free_port()
    log = servers.PEERS / "run" / "collecting_server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    weft = Server("weft", [weft_program, "--port", str(port)], port, cpus, log)
    running = {"weft": stack.enter_context(weft)}
    running |= servers.start_all(stack, ["nginx", "hyper"], None, cpus)
    return {name: server.port for name, server in running.items()}


def main():
    weft_program, dump = sys.argv[1:3]
    lists = "--list" in sys.argv
    peers.build(["nginx", "hyper"])
    if missing := [name for name in ("nginx", "hyper") if not peers.available(name)]:
        sys.exit(f"error: {' and '.join(missing)} cannot be started; the reason is above")
    inputs = list(corpus(dump))
    explained = read_explained()
    with ExitStack() as stack:
        ports = start(stack, weft_program)
        with ThreadPoolExecutor(16) as pool:
            verdicts = list(pool.map(lambda one: judge_all(ports, one[1]), inputs))

    failed, used, counts = False, set(), {"the same": 0, "less": 0, "more than one of them": 0}
    for (name, text), verdict in zip(inputs, verdicts):
        mine = verdict["weft"].accepted
        others = [each.accepted for peer, each in verdict.items() if peer != "weft"]
        if lists and len({mine, *others}) > 1:
            print(f"{name}: " + "; ".join(f"{peer} {each}" for peer, each in verdict.items()))
        if exceeds(verdict):
            used.add(name)
            if name not in explained:
                failed = True
                print(f"weft alone accepts: {name}\n  {text[:300]!r}")
                print("".join(f"  {peer}: {each}\n" for peer, each in verdict.items()))
        elif mine > min(others):
            counts["more than one of them"] += 1
        else:
            counts["less" if mine < min(others) else "the same"] += 1
    for name in sorted(explained.keys() - used):
        failed = True
        print(f"explained.txt names what is no difference, or no input: {name}")
    print(f"{len(inputs)} inputs, against {peers.version('nginx')} and {peers.version('hyper')}")
    print("weft accepts " + ", ".join(f"{what}: {count}" for what, count in counts.items()) +
          f", more than either: {len(used)}, of which {len(used & explained.keys())} are explained")
    sys.exit(failed)


main()

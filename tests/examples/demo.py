#!/usr/bin/env python3
"""examples/demo.py leaves nothing behind, however it ends.

    demo.py PATH_TO_DEMO PATH_TO_HELLO
"""

import os
import signal
import subprocess
import sys

DEMO, HELLO = sys.argv[1:]
PATIENCE = 60


def start(*arguments, **options):
    return subprocess.Popen([sys.executable, "-B", DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            text=True, **options)


def expect(condition, complaint):
    if not condition:
        sys.exit(f"expected {complaint}")


def read_until(demo, text):
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if text in line:
            return
    sys.exit(f"expected a line with {text!r}, got {''.join(lines)}")


def children_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def is_gone(pid):
    """A zombie is gone: it waits for whoever runs this machine."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as status:
            return status.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def ends(demo, status, children):
    _, complaint = demo.communicate(timeout=PATIENCE)
    expect(demo.returncode == status, f"the status {status}, got {demo.returncode}: {complaint}")
    expect(all(is_gone(child) for child in children), "no child that lives on")
    return complaint


def a_signal_stops_the_load(number):
    demo = start(HELLO)
    read_until(demo, "requests/s")
    children = children_of(demo)
    demo.send_signal(number)
    ends(demo, 0, children)


def a_reader_that_goes_ends_it():
    demo = start(HELLO)
    read_until(demo, "requests/s")
    children = children_of(demo)
    demo.stdout.close()
    demo.wait(PATIENCE)
    expect(demo.returncode == 1, f"the status 1, got {demo.returncode}")
    expect(all(is_gone(child) for child in children), "no child that lives on")


def a_server_that_dies_is_reported():
    demo = start(HELLO, stderr=subprocess.PIPE)
    read_until(demo, "requests/s")
    children = children_of(demo)
    os.kill(children[0], signal.SIGKILL)
    complaint = ends(demo, 1, children)
    expect("the server ended by itself, with status -9" in complaint, f"what happened to be said, got {complaint!r}")


def a_program_that_is_none_is_reported():
    complaint = ends(start("--once", "/nowhere/hello", stderr=subprocess.PIPE), 1, [])
    expect("cannot start /nowhere/hello: No such file" in complaint, f"what is missing to be said, got {complaint!r}")


a_signal_stops_the_load(signal.SIGINT)
a_signal_stops_the_load(signal.SIGTERM)
a_reader_that_goes_ends_it()
a_server_that_dies_is_reported()
a_program_that_is_none_is_reported()

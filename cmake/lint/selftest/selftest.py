#!/usr/bin/env python3
"""Tries the lint on shapes whose verdict is known: what bad.cpp marks, all of it and nothing else."""

import os
import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(here.parent))
import weft_lint  # noqa: E402


def expected(file):
    marks = ((number, re.search(r"// finds: (\S+)", line)) for number, line in enumerate(open(file), 1))
    return {(str(file), number, mark[1]) for number, mark in marks if mark}


def main():
    files = [here / "bad.cpp", here / "good.cpp"]
    findings, errors = weft_lint.query(weft_lint.find_clang_query(), files, ["--", "-std=c++23"])
    found = {(os.path.realpath(file), line, rule) for file, line, _, rule in findings}
    wanted = set().union(*map(expected, files))
    for file, line, rule in sorted(wanted - found):
        print(f"{file}:{line}: not reported: {rule}")
    for file, line, rule in sorted(found - wanted):
        print(f"{file}:{line}: reported, but right: {rule}")
    print(*errors, sep="\n")
    seen = {rule for _, _, rule in wanted}
    for rule in sorted(set(weft_lint.advice) - seen):
        print(f"no shape tries {rule}")
    right = found == wanted and not errors and seen == set(weft_lint.advice)
    print(f"{len(wanted)} bad shapes, {'all as expected' if right else 'FAILED'}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

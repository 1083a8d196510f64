#!/usr/bin/env python3
"""What each public header costs those who include it, in preprocessed lines.

    header_cost.py [--compiler clang++-19] [ROOT]

Fails where a header of core, service or http is above 120,000 lines, or weft/task.hpp above 1.5 times
its own standard includes. Lines are counted as the compiler sees them: without blank ones and markers.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

limit = 120_000
task_ratio = 1.5


def lines_of(compiler, source, includes):
    command = [compiler, "-std=c++23", "-E", "-P", "-x", "c++", str(source), *[f"-I{path}" for path in includes]]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{source} does not preprocess:\n{run.stderr}")
    return sum(1 for line in run.stdout.splitlines() if line.strip())


def standard_includes(header, includes, seen):
    """The standard headers that a header reaches through weft's own."""
    if header in seen or not header.exists():
        return set()
    seen.add(header)
    found = set()
    for target in re.findall(r"^\s*#\s*include\s*<([^>]+)>", header.read_text(), flags=re.M):
        if target.startswith("weft/"):
            for path in includes:
                found |= standard_includes(path / target, includes, seen)
        else:
            found.add(target)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=".")
    parser.add_argument("--compiler", default="clang++-19")
    options = parser.parse_args()
    root = pathlib.Path(options.root)
    includes = [path for path in (root / p / "include" for p in ("core", "service", "http", "rpc")) if path.exists()]

    headers = [header for path in includes for header in sorted(path.rglob("*.hpp"))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        costs = list(pool.map(lambda header: lines_of(options.compiler, header, includes), headers))
    failed = False
    for cost, header in sorted(zip(costs, headers), reverse=True):
        # What rpc's codec costs is protobuf's to say.
        over = cost > limit and not header.is_relative_to(root / "rpc")
        failed |= over
        print(f"{cost:8} {header.relative_to(root)}{f'   above {limit}' if over else ''}")

    task = root / "core/include/weft/task.hpp"
    if task in headers:
        with tempfile.TemporaryDirectory() as scratch:
            alone = pathlib.Path(scratch) / "standard.hpp"
            names = sorted(standard_includes(task, includes, set()))
            alone.write_text("".join(f"#include <{name}>\n" for name in names))
            base = lines_of(options.compiler, alone, [])
        ratio = costs[headers.index(task)] / base
        failed |= ratio > task_ratio
        print(f"weft/task.hpp costs {ratio:.2f} times its standard includes ({base} lines); at most {task_ratio}")
    print("too costly" if failed else "within the limits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

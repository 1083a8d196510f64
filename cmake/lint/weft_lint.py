#!/usr/bin/env python3
"""Reports the shapes of co_await that GCC 12 compiles wrongly, silently.

    weft_lint.py -p BUILD_DIR [--root DIR] [--jobs N] [SOURCE...]

Runs clang-query with matchers.txt over the sources that BUILD_DIR/compile_commands.json knows: those
named, or else all under --root (the current directory). Headers are looked at where they are included.
Exit status: 0 clean, 1 something was found, 2 the lint could not do its work.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent

advice = {
    "R1-condition": "co_await in a bare condition: GCC 12 may never run the branch. "
                    "Name the value first, or write if (auto x = co_await ...; x)",
    "R1-choice": "co_await within ?:. Name the value first, or use if",
    "R1-braces": "co_await within braces: GCC 12 destroys the members twice. Name the value first",
    "R1-new": "co_await within new: GCC 12 destroys the value twice. Name the value first",
    "R2-lambda": "a lambda with captures beside a co_await: GCC 12 destroys the captures twice. "
                 "Name the lambda one statement earlier, and move it in",
    "R2-aggregate": "a temporary aggregate beside a co_await: GCC 12 destroys its members twice. "
                    "Name it one statement earlier, or give its type a constructor",
    "R2-choice": "?: of class type beside a co_await: GCC 12 destroys the result twice. "
                 "Name it one statement earlier",
    "R2-default": "a default argument that is a temporary aggregate: GCC 12 destroys its members twice "
                  "beside a co_await. Give its type a constructor",
    "R2-list": "an initializer list beside a co_await does not compile with GCC 12. "
               "Name the container one statement earlier",
    "R3-reference": "an awaiter that is returned by reference: GCC 12 awaits a copy of it. "
                    "Return the awaiter, or a wrapper that holds a reference, by value",
}

report_line = re.compile(r'^(.+?):(\d+):(\d+): note: "(R\d-\w+)" binds here$')
error_line = re.compile(r"^.+?:\d+:\d+: (fatal )?error: |^\d+:\d+: Error parsing|^error: ")


def find_clang_query():
    for name in ("clang-query-19", "clang-query", "clang-query-20", "clang-query-18"):
        if found := shutil.which(name):
            return found
    sys.exit("weft_lint: clang-query is missing; on Debian, install clang-tools-19")


def major_version(program):
    try:
        words = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    found = re.search(r"(clang|LLVM) version (\d+)", words)
    return found and found[2]


class database:
    """compile_commands.json, made fit for clang-query where another compiler was meant."""

    def __init__(self, build_dir, clang_query, scratch):
        self.scratch = pathlib.Path(scratch)
        self.version = major_version(clang_query)
        self.versions = {}
        path = pathlib.Path(build_dir) / "compile_commands.json"
        if not path.exists():
            sys.exit(f"weft_lint: {path} is missing; configure with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        self.entries = {}
        for entry in json.loads(path.read_text()):
            file = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
            if file.endswith((".cpp", ".cc", ".cxx", ".C")):
                self.entries.setdefault(file, entry)

    def write(self, files):
        out = []
        for file in files:
            entry = self.entries[file]
            arguments = entry.get("arguments") or shlex.split(entry["command"])
            out.append({"directory": entry["directory"], "file": file, "arguments": self.adapt(arguments)})
        (self.scratch / "compile_commands.json").write_text(json.dumps(out))

    def adapt(self, arguments):
        # A launcher such as ccache stands before the compiler.
        start = next((i for i, a in enumerate(arguments) if re.search(r"(clang|gcc|g\+\+|c\+\+)[-+.\d]*$", a)), 0)
        compiler, rest = arguments[start], iter(arguments[start + 1:])
        if compiler not in self.versions:
            self.versions[compiler] = major_version(compiler)
        own_headers = self.versions[compiler] == self.version
        out = [compiler]
        for argument in rest:
            if argument == "-Xclang" and not own_headers:
                value = next(rest)
                if value == "-include-pch":
                    next(rest), next(rest)
                else:
                    out += [argument, value]
            elif argument == "-include" and not own_headers:
                out += [argument, self.without_precompiled(next(rest))]
            elif argument == "-Werror" or argument.startswith(("-fconcepts", "-fmodules-ts", "-fno-semantic")):
                continue
            else:
                out.append(argument)
        return out + ["-Wno-everything"]

    def without_precompiled(self, header):
        """Beside a precompiled header of GCC's, Clang refuses to read the header itself."""
        if not os.path.exists(header + ".gch"):
            return header
        copy = self.scratch / header.replace("/", "_")
        copy.write_text(pathlib.Path(header).read_text())
        return str(copy)


def query(clang_query, files, arguments):
    """Returns the findings {(file, line, column, rule)} and the errors of one run."""
    command = [clang_query, "-f", str(here / "matchers.txt"), *map(str, files), *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    findings, errors = set(), []
    for line in (run.stdout + run.stderr).splitlines():
        if found := report_line.match(line):
            findings.add((os.path.realpath(found[1]), int(found[2]), int(found[3]), found[4]))
        elif error_line.match(line):
            errors.append(line)
    if run.returncode != 0 and not errors:
        errors.append(f"clang-query ended with status {run.returncode} on {' '.join(map(str, files))}")
    return findings, errors


def show(findings):
    for file, line, column, rule in sorted(findings):
        name = os.path.relpath(file) if not os.path.relpath(file).startswith("..") else file
        print(f"{name}:{line}:{column}: {advice[rule]} [{rule}]")
        text = pathlib.Path(file).read_text(errors="replace").splitlines()
        if line <= len(text):
            print(f"    {text[line - 1].strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-p", dest="build", required=True)
    parser.add_argument("--root", default=".")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("sources", nargs="*")
    options = parser.parse_args()

    clang_query = find_clang_query()
    with tempfile.TemporaryDirectory(prefix="weft_lint_") as scratch:
        known = database(options.build, clang_query, scratch)
        if options.sources:
            wanted = [os.path.realpath(os.path.join(options.root, s)) for s in options.sources]
            # The list may hold headers: a target's sources do.
            files = [f for f in wanted if f in known.entries]
            unknown = [f for f in wanted if f not in known.entries and f.endswith((".cpp", ".cc", ".cxx"))]
            if unknown:
                sys.exit(f"weft_lint: {options.build} has no compile command for {' '.join(unknown)}")
        else:
            root, build = os.path.realpath(options.root) + "/", os.path.realpath(options.build) + "/"
            files = [f for f in known.entries if f.startswith(root) and not f.startswith(build)]
        if not files:
            sys.exit("weft_lint: there is nothing to look at")
        known.write(files)

        # A run keeps the syntax trees of all its files in memory.
        batches = [files[i:i + 4] for i in range(0, len(files), 4)]
        findings, errors = set(), []
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for found, failed in pool.map(lambda batch: query(clang_query, batch, ["-p", scratch]), batches):
                findings |= found
                errors += failed

    show(findings)
    for line in dict.fromkeys(errors):
        print(line, file=sys.stderr)
    if errors:
        print("weft_lint: some files could not be read; do they compile?", file=sys.stderr)
        return 2
    print(f"weft_lint: {len(files)} files, {len(findings) or 'no'} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

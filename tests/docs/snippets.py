#!/usr/bin/env python3
"""Every C++ and CMake snippet of the documents stands, word for word, in a file that is built.

    snippets.py ROOT_OF_THE_REPOSITORY

White space does not count. A snippet below the line `<!-- not compiled -->` is left out; so is CMake of fewer than three
lines. Links to files of the repository have to lead somewhere.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(sys.argv[1])
DOCUMENTS = ["README.md", "docs/architecture.md", "docs/guides/tasks.md", "docs/guides/streams.md",
             "docs/guides/http.md", "docs/guides/trace.md", "docs/guides/metrics.md",
             "docs/tutorial/README.md"]
SOURCES = ["examples/*.cpp", "tests/docs/**/*.cpp", "tests/docs/**/*.hpp", "tests/docs/**/CMakeLists.txt"]
FENCED = re.compile(r"(<!-- not compiled -->\n+)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")


def squeezed(text):
    return "".join(text.split())


def main():
    sources = [squeezed(path.read_text(encoding="utf-8")) for pattern in SOURCES for path in ROOT.glob(pattern)]
    complaints, seen = [], 0
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        for found in FENCED.finditer(text):
            exempt, language, body = found.groups()
            if exempt or language not in ("cpp", "cmake") or (language == "cmake" and body.count("\n") < 3):
                continue
            seen += 1
            if not any(squeezed(body) in source for source in sources):
                line = text.count("\n", 0, found.start()) + 1
                complaints.append(f"{name}:{line}: this snippet is in no file that is compiled:\n" +
                                  textwrap.indent(body, "    "))
        for target in LINK.findall(text):
            if not (path.parent / target).exists():
                complaints.append(f"{name}: the link to {target} leads nowhere")
    if seen < 10:
        complaints.append(f"expected at least 10 snippets, found {seen}: has their form changed?")
    print("\n".join(complaints) or f"{seen} snippets, all compiled")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

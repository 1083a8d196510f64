#!/usr/bin/env python3
"""Reads every #include and fails on what the architecture forbids.

    arrows.py ROOT       checks the tree
    arrows.py --selftest tries itself on trees that are wrong

The rules: packages include only what stands below them (core, service, http, rpc); sources include the
public headers of other packages only, and their own; third-party headers stay out of public headers;
nothing uses std::atomic_thread_fence, which ThreadSanitizer does not see.
"""

import pathlib
import re
import sys
import tempfile

packages = ["core", "service", "http", "rpc"]
third_party = {"openssl", "nghttp2", "llhttp", "llhttp.h", "liburing", "liburing.h", "fmt", "zlib.h"}
# Protobuf shows in generated code, and where rpc meets it.
protobuf_headers = {"rpc/include/weft/rpc/codec.hpp"}

include_line = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def package_of_header(path):
    """The package of an include path that starts with weft/."""
    parts = path.split("/")
    umbrella = parts[1].removesuffix(".hpp")
    if umbrella in packages:
        return umbrella
    return "core"


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def check_file(root, path):
    """Yields (line, complaint)."""
    name = path.relative_to(root).as_posix()
    package = name.split("/")[0]
    public = name.startswith(f"{package}/include/")
    for number, line in enumerate(without_comments(path.read_text(errors="replace")).splitlines(), 1):
        if "atomic_thread_fence" in line:
            yield number, "atomic_thread_fence: ThreadSanitizer does not see fences; use an ordering on an atomic"
        found = include_line.match(line)
        if not found:
            continue
        quote, target = found.groups()
        first = target.split("/")[0]
        if first == "weft":
            # rpc's generator emits code for rpc and uses none of weft.
            if package == "codegen":
                yield number, f"codegen includes <{target}>: it depends on libprotoc alone"
            elif package in packages and packages.index(package_of_header(target)) > packages.index(package):
                yield number, f"{package} includes <{target}>, but {package} stands below {package_of_header(target)}"
        elif public and quote == '"':
            yield number, f'a public header includes "{target}": name it by <weft/...>, as its users do'
        elif public and first in third_party:
            yield number, f"a public header includes <{target}>: third parties stay in src/"
        elif public and target.startswith("google/") and name not in protobuf_headers:
            yield number, f"a public header includes <{target}>: protobuf stays in {', '.join(protobuf_headers)}"
        elif package in packages and ".." in target.split("/"):
            yield number, f'"{target}" climbs out of its directory: name it from src/'


def check_tree(root):
    root = pathlib.Path(root)
    complaints, seen = [], 0
    for package in [*packages, "codegen", "tests", "examples", "bench"]:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h", ".c", ".cc"):
                seen += 1
                complaints += [f"{path.relative_to(root)}:{line}: {what}" for line, what in check_file(root, path)]
    return complaints, seen


# (file, its text, what the complaint says; None where there is none)
trials = [
    ("core/src/a.cpp", "#include <weft/http/server.hpp>\n", "core stands below http"),
    ("core/include/weft/a.hpp", "#include <weft/service/service.hpp>\n", "core stands below service"),
    ("core/include/weft/a.hpp", "#include <weft/service.hpp>\n", "core stands below service"),
    ("core/include/weft/a.hpp", "  #  include <weft/rpc.hpp>\n", "core stands below rpc"),
    ("service/include/weft/service/a.hpp", "#include <weft/http/body.hpp>\n", "service stands below http"),
    ("http/src/h1/a.cpp", "#include <weft/rpc/status.hpp>\n", "http stands below rpc"),
    ("http/include/weft/http/a.hpp", "#include <openssl/ssl.h>\n", "third parties"),
    ("http/include/weft/http/a.hpp", "#include <nghttp2/nghttp2.h>\n", "third parties"),
    ("http/include/weft/http/a.hpp", "#include <llhttp.h>\n", "third parties"),
    ("core/include/weft/a.hpp", "#include <liburing.h>\n", "third parties"),
    ("core/include/weft/a.hpp", "#include <fmt/format.h>\n", "third parties"),
    ("core/include/weft/a.hpp", "#include <google/protobuf/message.h>\n", "protobuf stays"),
    ("core/include/weft/a.hpp", '#include "b.hpp"\n', "name it by <weft/...>"),
    ("core/src/a.cpp", '#include "../../http/src/b.hpp"\n', "climbs out"),
    ("core/src/a.cpp", "void f() {\n  std::atomic_thread_fence(std::memory_order_seq_cst);\n}\n", "a.cpp:2"),
    ("tests/core/a.cpp", "using std::atomic_thread_fence;\n", "does not see fences"),
    ("codegen/src/a.cpp", "#include <weft/bytes.hpp>\n", "libprotoc alone"),
    ("core/src/a.cpp", "// no std::atomic_thread_fence here\n/* nor #include <fmt/core.h>\n*/\n", None),
    ("core/src/a.cpp", '#include <liburing.h>\n#include <weft/task.hpp>\n#include "driver/epoll.hpp"\n', None),
    ("http/include/weft/http/a.hpp", "#include <weft/service.hpp>\n#include <weft/net/tcp.hpp>\n", None),
    ("rpc/include/weft/rpc/codec.hpp", "#include <google/protobuf/message_lite.h>\n", None),
    ("examples/a.cpp", "#include <weft/http.hpp>\n", None),
]


def selftest():
    failed = 0
    for file, text, wanted in trials:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / file
            path.parent.mkdir(parents=True)
            path.write_text(text)
            complaints, seen = check_tree(root)
        right = seen == 1 and (wanted in complaints[0] if wanted and len(complaints) == 1 else complaints == [] and not wanted)
        if not right:
            failed += 1
            print(f"{file}: {text!r}: expected {wanted!r}, got {complaints}")
    print(f"{len(trials)} trials, {failed} failed")
    return failed


def main():
    if sys.argv[1:] == ["--selftest"]:
        return 1 if selftest() else 0
    complaints, seen = check_tree(sys.argv[1])
    print(*complaints, sep="\n")
    print(f"{seen} files, {len(complaints)} includes or fences against the architecture")
    return 1 if complaints or not seen else 0


if __name__ == "__main__":
    sys.exit(main())

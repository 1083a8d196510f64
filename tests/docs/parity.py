"""Every header and test that docs/parity.md names is there: parity.py ROOT"""

import pathlib
import re
import sys


def missing(root: pathlib.Path) -> list[str]:
    named = 0
    absent = []
    for number, line in enumerate((root / "docs/parity.md").read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 4 or set(cells[0]) <= {"-"}:
            continue
        for column, folder, suffix in ((2, "core/include/weft", ""), (3, "tests/core", ".cpp")):
            for name in re.findall(r"`([^`]+)`", cells[column]):
                named += 1
                if not (root / folder / (name + suffix)).is_file():
                    absent.append(f"docs/parity.md:{number}: there is no {folder}/{name}{suffix}")
    if named == 0:
        absent.append("docs/parity.md: names no header and no test; has its form changed?")
    return absent


def main() -> int:
    absent = missing(pathlib.Path(sys.argv[1]))
    print("\n".join(absent) or "docs/parity.md: all that it names is there")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())

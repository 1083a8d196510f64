"""Tables for people, JSON for tools."""

import json
import sys
from dataclasses import asdict
from pathlib import Path


def heading(text):
    print(f"\n{text}")


def table(columns, rows):
    """First column to the left, figures to the right."""
    widths = [max(len(line[i]) for line in [columns, *rows]) for i in range(len(columns))]
    for line in [columns, *rows]:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())
    sys.stdout.flush()


def ratio(comparison):
    return f"{comparison.ratio:.3f} [{comparison.low:.3f} .. {comparison.high:.3f}]"


def notes(failures, disturbance):
    for failure in failures:
        print(f"left out: {failure}")
    if disturbance > 0.1:
        print(f"other programs used {disturbance:.0%} of a CPU meanwhile: intervals are wide for it")


def progress(text):
    """A line that overwrites itself, for a terminal only; empty text removes it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def rounded(fields):
    return {
        name: float(f"{value:.5g}") if isinstance(value, float) else value
        for name, value in fields.items()
    }


def write_json(path, comparisons):
    lines = [json.dumps(rounded(asdict(each))) for each in comparisons]
    Path(path).write_text("[\n" + ",\n".join(lines) + "\n]\n")

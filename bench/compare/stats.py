"""Figures that hold on a noisy machine: medians of ratios that were formed inside one round."""

from dataclasses import dataclass
from math import comb
from statistics import median


@dataclass
class Comparison:
    """One line of a table and of --json. A ratio is weft / peer: below 1 is better."""

    workload: str
    weft: float
    peer: str
    peer_value: float
    unit: str
    ratio: float
    low: float
    high: float


def median_interval(values, confidence=0.95):
    """Interval of the median by order statistics: it assumes nothing about the distribution.

    Below six values no interval reaches 95 %, and the whole range is returned.
    """
    ordered, count = sorted(values), len(values)
    allowed = (1 - confidence) * 2**count / 2
    dropped, missed = 0, 1  # missed: in how many ways at most `dropped` values lie below the median
    while missed + comb(count, dropped + 1) <= allowed:
        dropped += 1
        missed += comb(count, dropped)
    return ordered[dropped], ordered[-1 - dropped]


def interval_name(rounds):
    return "95 %" if rounds >= 6 else "range"


def compare(workload, unit, weft_by_round, peer, peer_by_round):
    """Medians of both and of their ratio, over the rounds that both have; None if there is none."""
    rounds = [each for each in weft_by_round if peer_by_round.get(each, 0) > 0]
    if not rounds:
        return None
    ratios = [weft_by_round[each] / peer_by_round[each] for each in rounds]
    low, high = median_interval(ratios)
    return Comparison(
        workload=workload,
        weft=median(weft_by_round[each] for each in rounds),
        peer=peer,
        peer_value=median(peer_by_round[each] for each in rounds),
        unit=unit,
        ratio=median(ratios),
        low=low,
        high=high,
    )


def interleaved(names, rounds):
    """A B C, C B A, A B C, ...: drift of the machine hits all alike. Yields (round, name)."""
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            yield number, name

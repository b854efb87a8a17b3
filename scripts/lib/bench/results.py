"""What a situation found out, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from bench.process import Run

T = TypeVar("T")
MIB = 1024**2


@dataclass(frozen=True)
class Ratio:
    """One comparison.

    :param what: is compared with what
    :param value: formatted
    :param aim: what was aimed at, in words; empty where nothing was
    :param reached: whether the value is what was aimed at
    :param other: the same of the version that is measured beside this one, formatted; empty where there is none
    """

    what: str
    value: str
    aim: str = ""
    reached: bool | None = None
    other: str = ""


@dataclass(frozen=True)
class Chapter:
    """The findings of one situation.

    :param title: of the situation
    :param setup: what was done, in a sentence or two
    :param columns: of the table of figures; the first one is text, the others are numbers
    :param rows: of the table of figures
    :param remarks: what a reader of the figures should know
    """

    title: str
    setup: str
    ratios: Sequence[Ratio]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    remarks: Sequence[str] = field(default_factory=list)


def seconds(runs: Sequence[Run]) -> float:
    """Median duration."""
    return median(run.seconds for run in runs)


def cpu_seconds(runs: Sequence[Run]) -> float:
    """Median processor time."""
    return median(run.cpu_seconds for run in runs)


def peak_mib(runs: Sequence[Run]) -> float:
    """Median peak of memory, in MiB."""
    return median(run.peak_bytes for run in runs) / MIB


def spread(runs: Sequence[Run]) -> str:
    """The shortest and the longest duration."""
    durations = sorted(run.seconds for run in runs)
    return f"{durations[0]:.1f} to {durations[-1]:.1f}"


def in_turn(count: int, things: Sequence[T]) -> list[T]:
    """Each thing ``count`` times, taking turns, so that a disturbance does not hit one of them alone."""
    return [thing for _ in range(count) for thing in things]

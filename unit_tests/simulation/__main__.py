"""Plays many schedules and writes the figures into docs/reliability.md: ``python -m unit_tests.simulation 20000``.

One process, of low priority. Where a row is lost, the schedules are printed and the page is left alone.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from unit_tests.simulation.kinds import KINDS, MIXED, MIXED_WHAT, limit_of
from unit_tests.simulation.schedule import LOST, STALE, play
from unit_tests.simulation.setups import SETUPS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
PLOTS = Path(__file__).parents[2] / "scripts" / "lib" / "plots.py"
BEGIN, END = "<!-- figures: python -m unit_tests.simulation -->", "<!-- end of figures of the simulation -->"
SCHEDULES = 20_000
LOUD = "loud"


def campaign(schedules: int) -> tuple[Mapping[str, Counter[str]], list[str]]:
    """Play schedules of all kinds of servers and ways to read.

    :return: how many were tried, how many ended in words, and what went wrong, by kind; and the schedules that did
    """
    pairs = [(setup, kind) for kind in [*KINDS, MIXED] for setup in SETUPS if not limit_of(SETUPS[setup], kind)]
    figures: dict[str, Counter[str]] = {kind: Counter() for kind in [*KINDS, MIXED]}
    failures = []
    for setup, kind in pairs:
        for seed in range(-(-schedules // len(pairs))):
            outcome = play(setup, kind, seed)
            figures[kind].update(tried=1, **{outcome.verdict or LOUD: bool(outcome.verdict or outcome.is_loud)})
            if outcome.verdict:
                failures.append(f"{setup}/{kind}/{seed}: {outcome.verdict}: {outcome.what}")
                print(failures[-1], flush=True)
    return figures, failures


def table(figures: Mapping[str, Counter[str]]) -> str:
    """The figures as a table."""
    what = {**{kind: each.what for kind, each in KINDS.items()}, MIXED: MIXED_WHAT}
    rows = [
        f"| {kind} | {what[kind]} | {counts['tried']:,} | {counts[LOUD]:,} | {counts[LOST] + counts[STALE]:,} |"
        for kind, counts in figures.items()
    ]
    head = [
        "| kind of server | what it does | schedules tried | failed with a message | lost a row |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    return "\n".join([*head, *rows])


def with_figures(page: str, figures: str) -> str:
    """The page with other figures.

    :raises ValueError: when it has no place for them
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for figures: {BEGIN} ... {END}")
    return f"{head}{BEGIN}\n\n{figures}\n\n{END}{tail}"


def main(arguments: list[str]) -> int:
    """Play schedules and write the page.

    :return: 1 if something went wrong in one of them
    """
    logging.disable(logging.CRITICAL)
    os.nice(10)
    figures, failures = campaign(int(arguments[0]) if arguments else SCHEDULES)
    print(table(figures))
    if not failures:
        PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), table(figures)), encoding="utf-8")
        subprocess.run([sys.executable, PLOTS], check=True)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Runs the tests of reliability and writes their figures into docs/reliability.md: ``python -m
integration_tests.reliability``. Further arguments go to pytest.

The figures are counts of what the tests tried, added up over the tests that passed; when one fails, nothing is written.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from integration_tests.tally import Totals

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "reliability.md"
PLOTS = FOLDER.parent / "scripts" / "lib" / "plots.py"
TESTS = ("test_fault_matrix.py", "test_silent_losses.py", "test_bad_input.py")
BEGIN, END = "<!-- figures: python -m integration_tests.reliability -->", "<!-- end of figures -->"

# How a count is called on the page.
NAMES: Mapping[str, str] = {
    "faults that passed": "transient faults, all recovered",
    "faults that stayed": "permanent faults, each reported in one message and made good by the next run",
    "answers that are no list": "invalid or incomplete lists, none of them accepted",
    "bad inputs": "bad configurations, catalogs and states",
}


def table(totals: Totals) -> str:
    """The figures as a table."""
    rows = [f"| {name} | {totals.counts[kind]:,} |" for kind, name in NAMES.items()]
    return "\n".join(["| tried in the last run | |", "| --- | ---: |", *rows, "| records lost | 0 |"])


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
    """Run the tests and write the page.

    :return: the exit status of pytest
    """
    totals = Totals()
    tests = [str(FOLDER / name) for name in TESTS]
    code = int(pytest.main(["-q", "-n", "2", *tests, *arguments], plugins=[totals]))
    if code == 0:
        PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), table(totals)), encoding="utf-8")
        subprocess.run([sys.executable, PLOTS], check=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

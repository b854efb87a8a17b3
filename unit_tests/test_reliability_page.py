"""The page about reliability names tests that exist, and has a place for its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from integration_tests.reliability import PAGE, table, with_figures
from integration_tests.tally import Totals

ROOT = Path(__file__).parents[1]
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("name", NAMED)
def test_each_test_it_names_exists(name: str) -> None:
    files = [*(ROOT / "unit_tests").rglob("test_*.py"), *(ROOT / "integration_tests").rglob("test_*.py")]

    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in files)


def test_figures_take_the_place_of_those_before() -> None:
    totals = Totals()
    totals.counts["bad inputs"] = 4711

    page = with_figures(PAGE.read_text(encoding="utf-8"), table(totals))

    assert "| bad configurations, catalogs and states | 4,711 |" in page
    assert page.count("| records lost | 0 |") == 1
    assert with_figures(page, table(totals)) == page

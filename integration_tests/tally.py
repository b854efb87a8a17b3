"""What the tests of reliability have tried, counted by kind.

A count travels with the report of its test, so it reaches the process that collects reports whatever process ran the
test, and a test that fails counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

PREFIX = "tally: "


class Tally:
    """Counts for one test."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        """
        :param record: puts a property on the report of the test
        """
        self._record = record

    def count(self, what: str, number: int = 1) -> None:
        """So many have been tried, and all went as promised."""
        self._record(PREFIX + what, number)


class Totals:
    """A pytest plugin that adds up the counts of all tests that passed.

    :ivar counts: by kind
    :ivar tests: how many tests counted something
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.tests = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See pytest."""
        if report.when != "call" or not report.passed:
            return
        counted = [(name, value) for name, value in report.user_properties if name.startswith(PREFIX)]
        self.tests += bool(counted)
        for name, value in counted:
            self.counts[name.removeprefix(PREFIX)] += int(str(value))

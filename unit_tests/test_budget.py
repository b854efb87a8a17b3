"""A budget of requests within a stretch of time."""

from __future__ import annotations

import random

import pytest

from source_invoicing.http import CallBudget, RateLimiter
from source_invoicing.http import rate_limit as rate_limit_module
from source_invoicing.http.rate_limit import RECHECK_AFTER


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limit_module, "time", clock)
    return clock


def test_a_budget_grants_so_many_requests_and_then_tells_when_to_come_back(clock: Clock) -> None:
    budget = CallBudget(3, 60)
    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    clock.now = 2
    assert budget.take() == RECHECK_AFTER, "all are under way"
    for _ in range(3):
        budget.end()
    clock.now = 12
    assert budget.take() == 50
    clock.now = 62
    assert budget.take() == 0


def test_no_window_of_the_vendor_ever_holds_more_wherever_it_counts_between_start_and_end(clock: Clock) -> None:
    chance = random.Random(7)
    budget = CallBudget(10, 60)
    counted: list[float] = []
    while len(counted) < 200:
        delay = budget.take()
        if delay:
            clock.now += delay
            continue
        start = clock.now
        clock.now += chance.random() * 5
        budget.end()
        counted.append(chance.uniform(start, clock.now))

    assert max(sum(at <= other < at + 60 for other in counted) for at in counted) <= 10


def test_a_quota_gives_back_what_it_took_even_after_a_failure(clock: Clock) -> None:
    quota = RateLimiter(1, CallBudget(2, 60))
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), quota.slot():
            raise ValueError("broken")
        clock.now += 60
    with quota.slot():
        pass

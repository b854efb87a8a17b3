"""Details with ``lookback_days``: documents that are booked late, behind the state."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
import requests_mock
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from unit_tests.zoho.details import Documents, Outcome, Row, answer_tokens, sync
from unit_tests.zoho.helpers import Mock
from unit_tests.zoho.zoho_list import written

LINES, WHOLE = "invoice_line_items", "invoice_details"
DAY = 86_400
# More requests than a sync takes here.
MANY = 1_000


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BUDGET_SCALE", "0")
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")


@dataclass
class Account:
    """Invoices that change between syncs, and what has come out of these, with ``lookback_days`` of one day.

    :ivar broken: the keys of invoices that cannot be read
    :ivar versions: how often each invoice was booked or changed
    :ivar came: the key of an invoice and the version that was emitted, by stream
    """

    http: requests_mock.Mocker
    lookback_days: int = 1
    limit: int | None = None
    broken: Collection[int] = ()
    invoices: Documents = field(default_factory=Documents)
    state: dict[str, Row] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    came: set[tuple[str, str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        answer_tokens(self.http)
        self.invoices.tamper = self._tamper

    def book(self, key: int, changed: int) -> None:
        """Book an invoice, or change it.

        :param changed: seconds after the epoch of these lists
        """
        self.invoices.remove(key)
        self.invoices.add(key, changed)
        self.versions[f"{key:03}"] = self.versions.get(f"{key:03}", 0) + 1

    def sync(self, *names: str, calls: int | None = None, workers: int = 1) -> Outcome:
        """Read the details.

        :param calls: how many requests are sent before the sync is killed
        """
        self.invoices.serve(self.http)
        self.invoices.asked.clear()
        last = self.invoices.calls + (MANY if calls is None else calls)
        options = {} if self.limit is None else {"detail_calls_per_sync": self.limit}
        outcome = sync(
            *(names or [WHOLE]),
            state=self.state,
            workers=workers,
            cut_off=lambda: self.invoices.calls >= last,
            lookback_days=self.lookback_days,
            **options,
        )
        self.state |= outcome.state
        self.came |= {(WHOLE, each["invoice_id"], int(each["notes"])) for each in outcome.records[WHOLE]}
        self.came |= {(LINES, each["invoice_id"], each["quantity"]) for each in outcome.records[LINES]}
        return outcome

    def asked_by_a_sync(self) -> list[str]:
        """The keys of the invoices that a sync asks for, in order."""
        self.sync()
        return list(self.invoices.asked)

    def missing(self, *names: str) -> set[tuple[str, str, int]]:
        """What should have come and has not."""
        return {(name, key, version) for name in names or [WHOLE] for key, version in self.versions.items()} - self.came

    def _tamper(self, key: str, status: int, body: Row) -> tuple[int, Row]:
        if int(key) in self.broken:
            return 500, {"code": 1000, "message": "No."}
        invoice = body["invoice"]
        lines = [{**line, "quantity": self.versions[key]} for line in invoice["line_items"]]
        return status, {**body, "invoice": {**invoice, "notes": self.versions[key], "line_items": lines}}


@pytest.mark.parametrize("how", ["killed", "failed", "bounded"])
def test_an_invoice_that_was_booked_late_holds_the_state_until_it_was_read(http: Mock, how: str) -> None:
    account = Account(http)
    for key in range(1, 41):
        account.book(key, key)
    account.sync()
    account.book(90, -500)
    for key in range(100, 125):
        account.book(key, 2 * DAY + key)

    account.broken = [90] * (how == "failed")
    account.limit = 25 if how == "bounded" else None
    outcomes = [account.sync(calls=25 if how == "killed" else None) for _ in range(2)]
    account.broken = ()
    while account.missing():
        outcomes.append(account.sync())
        assert len(outcomes) < 5

    assert [each.statuses[WHOLE] for each in outcomes[:2]] == [
        {"killed": "RUNNING", "failed": "INCOMPLETE", "bounded": "COMPLETE"}[how]
    ] * 2


@pytest.mark.parametrize("lookback_days", [0, 1])
def test_no_state_passes_an_invoice_that_fails_in_the_second_that_it_is_in(http: Mock, lookback_days: int) -> None:
    account = Account(http, lookback_days, broken=[7])
    for key in (3, 5, 7):
        account.book(key, 0)
    began = {WHOLE: {"last_modified_time": written(0).replace("+0000", "Z"), "document": "005"}}
    account.state = dict(began)

    for _ in range(3):
        assert account.sync().statuses == {WHOLE: "INCOMPLETE"}

    assert account.state == began


def test_a_bounded_sync_gets_past_many_invoices_of_one_second_that_it_reads_again(http: Mock) -> None:
    account = Account(http)
    for key in range(30):
        account.book(key, 0)
    account.sync()
    account.book(90, 0)
    account.book(91, 2 * DAY)

    account.limit = 8
    asked = [account.asked_by_a_sync() for _ in range(5)]

    assert asked == [[f"{key:03}" for key in range(at, at + 8)] for at in (0, 8, 16)] + [
        [*(f"{key:03}" for key in range(24, 30)), "090", "091"],
        ["091"],
    ]


def test_a_bounded_sync_reads_what_is_new_before_what_may_wait(http: Mock) -> None:
    account = Account(http)
    for key in range(10):
        account.book(key, key * DAY // 10)
    account.sync()
    account.book(90, DAY // 2 + 1)
    account.book(91, DAY + 10)

    account.limit = 4
    first = account.asked_by_a_sync()
    account.book(92, 2 * DAY)
    second, third = (account.asked_by_a_sync() for _ in range(2))

    assert first == ["000", "091", "001", "002"]
    assert second == ["001", "002", "003", "004"]
    assert third == ["005", "090", "006", "007"]


STEP = some.tuples(
    some.lists(some.tuples(some.integers(0, 15), some.integers(0, 3), some.booleans()), max_size=6),
    some.sampled_from([1, 9]),
    some.none() | some.integers(1, 20),
    some.lists(some.integers(0, 15), max_size=2),
    some.sampled_from([[WHOLE], [LINES], [WHOLE, LINES]]),
)


@settings(max_examples=30, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(
    some.lists(STEP, min_size=2, max_size=6), some.booleans(), some.none() | some.integers(2, 8), some.integers(1, 3)
)
def test_each_change_within_the_days_that_are_looked_back_at_comes_out(
    steps: list[tuple[list[tuple[int, int, bool]], int, int | None, list[int], list[str]]],
    late: bool,
    limit: int | None,
    workers: int,
) -> None:
    """Between syncs, invoices are booked and changed, some at a time that has passed. Syncs are bounded, killed, or
    find invoices that cannot be read. Time passes in quarters of a day."""
    with requests_mock.Mocker() as http, pytest.MonkeyPatch.context() as patch:
        patch.setattr("source_invoicing.streams.documents.KEPT_IN_RESERVE", 2)
        account, now = Account(http, int(late), limit), 0
        for changes, passed, calls, account.broken, names in steps:
            for key, delay, is_late in changes:
                account.book(key, (now - delay if late and is_late else now + passed) * DAY // 4)
            now += passed
            account.sync(*names, calls=calls, workers=workers)
        account.broken = ()
        # All that could come is older than what comes last.
        account.book(99, (now + 8) * DAY // 4)
        rounds = 1 if limit is None else 2 * len(account.versions) // limit + 1
        while account.missing(WHOLE, LINES):
            rounds -= 1
            assert rounds >= 0
            assert set(account.sync(WHOLE, LINES, workers=workers).statuses.values()) == {"COMPLETE"}

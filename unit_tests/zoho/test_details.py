"""Details: one request for each new or changed document, whoever wants it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.lanes import Job, Lane
from source_invoicing.streams import DetailReading, InvoicingStream, readings_of
from unit_tests.zoho.details import Documents, Outcome, Row, answer_tokens, sync
from unit_tests.zoho.helpers import US_BOOKS, Mock, config
from unit_tests.zoho.zoho_list import EPOCH, ZohoList, written

LINES, WHOLE = "invoice_line_items", "invoice_details"
ALL = ["invoices", WHOLE, LINES]
# Longer than any test may take (seconds).
FOR_EVER = 300


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BUDGET_SCALE", "0")


@pytest.fixture
def invoices(http: Mock) -> Documents:
    """Ten of them, each changed ten seconds after the one before, but listed in no order."""
    answer_tokens(http)
    invoices = Documents()
    for key in random.Random(5).sample(range(10), 10):
        invoices.add(key, 1000 + 10 * key)
    return invoices


def keys(outcome: Outcome, name: str = WHOLE) -> list[str]:
    return [record["invoice_id"] for record in outcome.records[name]]


def test_a_record_carries_the_cursor_of_the_list_and_all_that_the_detail_holds(http: Mock, invoices: Documents) -> None:
    invoices.serve(http)

    outcome = sync("invoices", LINES, WHOLE)

    first = next(row for row in outcome.records["invoices"] if row["invoice_id"] == "000")
    changed = first["last_modified_time"]
    assert outcome.records[WHOLE][0] == {
        "invoice_id": "000",
        "last_modified_time": changed,
        "notes": "of 000",
        "line_items": [{"line_item_id": "000-1", "quantity": 1}, {"line_item_id": "000-2", "quantity": 2}],
        "organization_id": "111",
    }
    assert outcome.records[LINES][:2] == [
        {
            "invoice_id": "000",
            "organization_id": "111",
            "last_modified_time": changed,
            "position": number,
            "line_item_id": f"000-{number}",
            "quantity": number,
        }
        for number in (1, 2)
    ]
    assert set(outcome.statuses.values()) == {"COMPLETE"}


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("names", [[LINES], [WHOLE], ["invoices", LINES, WHOLE], [WHOLE, LINES, "invoices"]])
def test_a_document_is_asked_for_once_and_only_if_it_changed(
    http: Mock, invoices: Documents, names: list[str], workers: int
) -> None:
    listed = invoices.serve(http)
    first = sync(*names, workers=workers)
    asked = sorted(invoices.asked)
    invoices.asked.clear()

    second = sync(*names, workers=workers, state=first.state)
    nothing = list(invoices.asked)
    listed.rows[3]["last_modified_time"] = written(2000)
    third = sync(*names, workers=workers, state=second.state)

    assert asked == [f"{key:03}" for key in range(10)]
    assert sorted(set(keys(first, names[0]))) == asked
    assert nothing == []
    assert invoices.asked == [listed.rows[3]["invoice_id"]]
    assert second.records[WHOLE] == second.records[LINES] == []
    assert set(keys(third, names[0])) >= {listed.rows[3]["invoice_id"]}
    for name in {LINES, WHOLE} & set(names):
        assert list(first.state[name]) == ["last_modified_time"]


def test_details_come_oldest_change_first_and_behind_the_lists(http: Mock, invoices: Documents) -> None:
    listed = invoices.serve(http)
    contacts = Documents("contacts", "contact_id", "contact", "contact_persons")
    contacts.add(1, 7)
    lists_before: list[int] = []

    def note(key: str, status: int, body: Row) -> tuple[int, Row]:
        lists_before.append(len(listed.asked))
        return status, body

    contacts.tamper = note
    contacts.serve(http)

    sync("contact_details", WHOLE)

    assert invoices.asked == [f"{key:03}" for key in range(10)]
    assert lists_before[0] > 0


def test_a_stream_that_joins_later_reads_all_and_the_others_nothing(http: Mock, invoices: Documents) -> None:
    invoices.serve(http)
    first = sync(LINES)
    invoices.asked.clear()

    second = sync(LINES, WHOLE, state=first.state)

    assert len(invoices.asked) == len(set(keys(second))) == 10
    assert second.records[LINES] == []
    assert second.state[WHOLE] == second.state[LINES] == first.state[LINES]


@pytest.mark.parametrize("hours", [0, 2])
def test_a_document_may_still_come_in_a_second_that_was_not_long_gone_when_the_list_was_read(
    http: Mock, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    answer_tokens(http)
    invoices, now = Documents(), int(time.time())
    ten_minutes_ago = now - EPOCH - 600
    for key in range(5):
        invoices.add(key, ten_minutes_ago - key)
    listed = invoices.serve(http)
    # The requests for the details take that long.
    clock = SimpleNamespace(time=lambda: now + hours * 3600 * (invoices.calls > 0))
    monkeypatch.setattr("source_invoicing.streams.documents.time", clock)
    first = sync(WHOLE)
    invoices.add(7, ten_minutes_ago)
    listed.rows.append(invoices.rows[-1])
    invoices.asked.clear()

    second = sync(WHOLE, state=first.state)

    assert sorted(keys(second)) == sorted(invoices.asked) == ["000", "001", "007"]


def test_documents_without_a_time_of_change_are_asked_for_each_time_they_are_listed(http: Mock) -> None:
    answer_tokens(http)
    journals = Documents("journals", "journal_id", "journal", "line_items", "line_id")
    for key in range(3):
        journals.add(key, None)
    journals.serve(http)

    first = sync("journal_line_items")
    second = sync("journal_line_items", state=first.state)

    assert [row["last_modified_time"] for row in first.records["journal_line_items"]] == [None] * 6
    assert second.records == first.records
    assert journals.calls == 6


@pytest.mark.parametrize("dated", [0, 5])
def test_a_bounded_sync_gets_past_documents_without_a_time_of_change(http: Mock, dated: int) -> None:
    answer_tokens(http)
    journals = Documents("journals", "journal_id", "journal", "line_items", "line_id")
    for key in range(30):
        journals.add(key, None)
    for key in range(30, 30 + dated):
        journals.add(key, 1000 + key)
    listed = journals.serve(http)

    state: dict[str, Row] = {}
    for _ in range(3):
        state = sync("journal_details", state=state, detail_calls_per_sync=12).state

    assert sorted(journals.asked) == [f"{key:03}" for key in range(30 + dated)]
    assert "document" not in state["journal_details"]
    if dated:  # and with them a state: further documents come before those without a time
        journals.add(99, 2000)
        listed.rows.append(journals.rows[-1])
        journals.asked.clear()
        sync("journal_details", state=state, detail_calls_per_sync=12)
        assert journals.asked == ["099", *(f"{key:03}" for key in range(11))]


# -- cut off ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "streams"), [(1, [LINES]), (60, [LINES]), (25, ALL), (99, ALL)])
def test_a_sync_that_is_cut_off_goes_on_where_it_was(http: Mock, after: int, streams: list[str]) -> None:
    answer_tokens(http)
    invoices = Documents()
    for key in random.Random(after).sample(range(100), 100):
        invoices.add(key, 10 * key)
    invoices.serve(http)

    first = sync(*streams, workers=4, cut_off=lambda: invoices.calls >= after)
    asked = len(invoices.asked)
    second = sync(*streams, workers=4, state=first.state)

    repeated = len(invoices.asked) - 100
    assert 0 <= repeated <= 40
    assert asked < 100 + 1
    for name in {LINES, WHOLE} & set(streams):
        assert set(keys(first, name)) | set(keys(second, name)) == {f"{key:03}" for key in range(100)}


def detail_readings(*names: str, organizations: Sequence[str] = ("111",)) -> list[DetailReading]:
    """The readings of details, once the lists have been read."""
    values = {**config(organization_id=",".join(organizations), details=True), "num_workers": 10}
    streams = [each for each in SourceInvoicing().streams(values) if each.name in names]
    readings = readings_of([each for each in streams if isinstance(each, InvoicingStream)])
    of_details = [reading for reading in readings if isinstance(reading, DetailReading)]
    for reading in readings[: -len(of_details)]:
        for chain in reading.chains():
            assert not list(reading.read(chain))
    return of_details


FOUR_LISTS = {"invoices": "invoice", "contacts": "contact", "estimates": "estimate", "bills": "bill"}
DETAILS_OF_FOUR = [f"{name}_details" for name in FOUR_LISTS.values()]


def serve_four_lists(http: Mock) -> None:
    answer_tokens(http)
    for path, name in FOUR_LISTS.items():
        documents = Documents(path, f"{name}_id", name)
        for key in range(60):
            documents.add(key, 1000 + key)
        documents.serve(http)


@pytest.mark.parametrize("organizations", [1, 2])
def test_details_that_have_no_response_hold_up_all_lists_of_an_account(http: Mock, organizations: int) -> None:
    serve_four_lists(http)
    ids = ["111", "222"][:organizations]
    http.get(
        f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [{"organization_id": each} for each in ids]}
    )
    of_details = detail_readings(*DETAILS_OF_FOUR, organizations=ids)

    # The oldest document of each list is never answered, the others at once.
    chains = [reading.chains() for reading in of_details]
    waiting = [next(each) for each in chains]
    answered: Counter[str] = Counter()
    for reading, each in list(zip(of_details, chains, strict=True)) * 60:
        if reading.has_room(1, 10):
            documents = next(each)
            answered.update(row["organization_id"] for _, rows in reading.read(documents) for row in rows)
            reading.chain_ended(documents)

    assert len(waiting) == len(DETAILS_OF_FOUR) * organizations
    assert answered.keys() == set(ids)
    assert all(10 < number <= 20 for number in answered.values())


def test_documents_that_are_skipped_hold_up_no_other_list(http: Mock) -> None:
    """They are, once the details of their list have failed one after another."""
    serve_four_lists(http)
    *given_up, last = [Job(reading, Lane(10)) for reading in detail_readings(*DETAILS_OF_FOUR)]
    skipped = []
    for job in (*given_up, last):
        skipped += [(job, chain) for chain in iter(job.next_chain, None)]

    in_all = len(skipped)
    for job, chain in skipped:
        job.chain_ended(chain)

    # Those of the first two, and one of each other list.
    assert in_all == 10 + 10 + 1 + 1
    assert len(list(iter(last.next_chain, None))) == 10


@pytest.mark.parametrize(
    ("details_per_state", "second"),
    [
        (1, lambda status, body: (status, body)),
        (10, lambda *_: (403, {"code": 0, "message": "No."})),
        (10, lambda status, body: (status, {"code": 0, "invoice": {**body["invoice"], "line_items": [1]}})),
    ],
    ids=["in turn", "before a refusal", "before a stream is dropped"],
)
def test_a_reading_can_fail_while_a_worker_waits_for_its_state_to_be_taken(
    http: Mock, invoices: Documents, monkeypatch: pytest.MonkeyPatch, details_per_state: int, second: Callable[..., Any]
) -> None:
    """The consumer of the states is the one that records the failure."""
    monkeypatch.setattr("source_invoicing.streams.readings.DETAILS_PER_STATE", details_per_state)
    invoices.tamper = lambda key, status, body: second(status, body) if key == "001" else (status, body)
    invoices.serve(http)
    waiting, taken = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        taken.wait(FOR_EVER)

    def work() -> None:
        with suppress(Failure):
            for chain in reading.chains():
                list(reading.read(chain))

    (reading,) = detail_readings(LINES, WHOLE)
    for outlet in reading.outlets:
        outlet.progress.on_change = wait
    worker = threading.Thread(target=work, daemon=True)
    consumer = threading.Thread(target=reading.fail, args=[RuntimeError()], daemon=True)
    worker.start()
    waiting.wait(FOR_EVER)
    consumer.start()
    consumer.join(10)
    hangs = consumer.is_alive()
    taken.set()
    worker.join(FOR_EVER)

    assert waiting.is_set()
    assert not hangs


def test_many_documents_of_one_second_are_entered_in_the_middle(http: Mock) -> None:
    answer_tokens(http)
    invoices = Documents()
    for key in range(100):
        invoices.add(key, 500)
    invoices.serve(http)

    first = sync(LINES, cut_off=lambda: invoices.calls >= 60)
    second = sync(LINES, state=first.state)
    again = sync(LINES, state=second.state)

    assert first.state[LINES]["document"][-1] == "9"
    assert second.state[LINES] == again.state[LINES] == {"last_modified_time": "2025-06-15T15:15:01Z"}
    assert invoices.calls <= 100 + 40
    assert set(keys(first, LINES)) | set(keys(second, LINES)) == {f"{key:03}" for key in range(100)}
    assert again.records[LINES] == []


# -- a bound ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [False, True])
def test_a_bounded_sync_says_what_is_left_and_the_next_one_goes_on(http: Mock, *, together: bool) -> None:
    answer_tokens(http)
    invoices = Documents()
    for key in random.Random(1).sample(range(50), 50):
        invoices.add(key, 100 if together else 10 * key)
    invoices.serve(http)

    state: dict[str, Row] = {}
    outcomes = []
    for _ in range(6):
        outcomes.append(sync(LINES, WHOLE, state=state, workers=2, detail_calls_per_sync=12))
        state = outcomes[-1].state

    assert [len(each.records[WHOLE]) for each in outcomes] == [12, 12, 12, 12, 2, 0]
    assert [key for each in outcomes for key in sorted(keys(each))] == [f"{key:03}" for key in range(50)]
    assert {status for each in outcomes for status in each.statuses.values()} == {"COMPLETE"}
    for name in (LINES, WHOLE):
        lines = [[line for line in each.logged if line.startswith(f"Stream {name}: the 12")] for each in outcomes]
        assert [len(each) for each in lines] == [1, 1, 1, 1, 0, 0]
        assert "38 documents of invoices are left" in lines[0][0]


@pytest.mark.parametrize("per_second", [1, 7])
def test_bounded_syncs_lose_no_document_that_there_was_no_room_to_remember(
    http: Mock, monkeypatch: pytest.MonkeyPatch, per_second: int
) -> None:
    monkeypatch.setattr("source_invoicing.streams.documents.KEPT_IN_RESERVE", 0)
    answer_tokens(http)
    invoices = Documents()
    for key in range(70):
        invoices.add(key, key // per_second)
    invoices.serve(http)

    state: dict[str, Row] = {}
    for _ in range(7):
        state = sync(WHOLE, state=state, detail_calls_per_sync=10).state

    assert invoices.asked == [f"{key:03}" for key in range(70)]


def test_bounded_syncs_read_what_is_new_before_what_they_look_back_at(http: Mock) -> None:
    answer_tokens(http)
    invoices = Documents()
    for key in range(40):
        invoices.add(key, 1000 * key)
    invoices.serve(http)

    state: dict[str, Row] = {}
    for _ in range(4):
        state = sync(WHOLE, state=state, lookback_days=7, detail_calls_per_sync=12).state

    assert invoices.asked == [f"{key:03}" for key in [*range(40), *range(8)]]


def test_the_bound_is_for_all_streams_together(http: Mock, invoices: Documents) -> None:
    invoices.serve(http)
    contacts = Documents("contacts", "contact_id", "contact", "contact_persons")
    for key in range(10):
        contacts.add(key, key)
    contacts.serve(http)

    sync(WHOLE, LINES, "contact_details", detail_calls_per_sync=9, workers=3)

    assert invoices.calls + contacts.calls == 9


def test_the_log_says_how_far_a_sync_is(http: Mock, invoices: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_HEARTBEAT_SCALE", "0.000001")
    invoices.serve(http)

    outcome = sync(LINES)

    assert "Details of 7 documents read, of 10." in outcome.logged


# -- faults ----------------------------------------------------------------------------------------------------------


def refuse(status: int, code: int, *chosen: str, times: int = 1_000) -> Any:
    left = dict.fromkeys(chosen, times)

    def tamper(key: str, status_before: int, body: Row) -> tuple[int, Row]:
        if chosen and left.get(key, 0) <= 0:
            return status_before, body
        left[key] = left.get(key, times) - 1
        return status, {"code": code, "message": "No."}

    return tamper


def test_a_document_that_vanished_has_no_record(http: Mock, invoices: Documents) -> None:
    listed = list(invoices.rows)
    invoices.remove(4)
    invoices.serve(http, listed)

    outcome = sync(LINES, WHOLE)
    invoices.asked.clear()
    sync(LINES, WHOLE, state=outcome.state)

    assert keys(outcome) == [f"{key:03}" for key in range(10) if key != 4]
    assert set(outcome.statuses.values()) == {"COMPLETE"}
    assert invoices.asked == []


def test_a_document_that_is_refused_has_not_vanished_if_another_one_did(http: Mock, invoices: Documents) -> None:
    """The request for the document before is repeated to test the token, and that document was deleted meanwhile."""

    def refuse_once(key: str, status: int, body: Row) -> tuple[int, Row]:
        if key != "003":
            return status, body
        invoices.remove(2)
        return 401, {"code": 57, "message": "You are not authorized"}

    invoices.tamper = refuse_once
    invoices.serve(http)

    first = sync(WHOLE)
    invoices.tamper = Documents.tamper
    second = sync(WHOLE, state=first.state)

    assert first.statuses == {WHOLE: "INCOMPLETE"}
    assert "/invoices/003" in first.failures[WHOLE]
    assert "003" in keys(second)


@pytest.mark.parametrize("missing", [["000"], ["000", "001", "002"], ["009"]])
def test_an_address_that_is_not_there_is_a_document_that_vanished_if_others_are(
    http: Mock, invoices: Documents, missing: list[str]
) -> None:
    invoices.tamper = refuse(404, 5, *missing)
    invoices.serve(http)

    outcome = sync(WHOLE)

    assert len(keys(outcome)) == 10 - len(missing)
    assert outcome.statuses == {WHOLE: "COMPLETE"}
    assert outcome.state[WHOLE] == {"last_modified_time": "2025-06-15T15:24:51Z"}


def test_an_address_that_is_never_there_is_no_list_of_vanished_documents(http: Mock, invoices: Documents) -> None:
    listed = invoices.serve(http)
    before = sync(WHOLE)
    for row in listed.rows:
        row["last_modified_time"] = written(2000)
    invoices.tamper = refuse(404, 5)

    for state in ({}, before.state):
        outcome = sync(WHOLE, "invoices", state=state)

        assert "the details of invoices" in outcome.failures[WHOLE]
        assert outcome.statuses == {WHOLE: "INCOMPLETE", "invoices": "COMPLETE"}
        assert WHOLE not in outcome.state


@pytest.mark.parametrize(("status", "code"), [(401, 57), (403, 0)])
def test_details_that_are_refused_do_not_stop_their_list(
    http: Mock, invoices: Documents, status: int, code: int
) -> None:
    invoices.tamper = refuse(status, code)
    invoices.serve(http)

    outcome = sync("invoices", LINES, WHOLE, workers=2)

    assert outcome.statuses == {"invoices": "COMPLETE", LINES: "INCOMPLETE", WHOLE: "INCOMPLETE"}
    assert set(outcome.failures) == {LINES, WHOLE}
    assert "ZohoBooks.invoices.READ" in outcome.failures[LINES]
    assert len(set(invoices.asked)) <= 8


def test_a_list_that_is_refused_is_the_failure_of_its_details(http: Mock, invoices: Documents) -> None:
    listed = invoices.serve(http)
    listed.refused, listed.code = ["sort_column", "per_page"], 2

    outcome = sync(LINES, WHOLE)

    assert outcome.statuses == {LINES: "INCOMPLETE", WHOLE: "INCOMPLETE"}
    assert set(outcome.failures) == {LINES, WHOLE}
    assert invoices.asked == []


def test_of_a_list_that_breaks_off_the_details_are_read_before_which_nothing_is_missing(http: Mock) -> None:
    answer_tokens(http)
    invoices = Documents()
    for key in range(60):
        invoices.add(key, key // 7)
    listed = invoices.serve(http)
    listed.cap = 20

    def break_off(listed: ZohoList) -> None:
        if len(listed.asked) > 1:
            raise requests.ConnectionError

    listed.before = break_off
    first = sync(WHOLE)
    listed.before = ZohoList.before
    second = sync(WHOLE, state=first.state)

    assert first.statuses == {WHOLE: "INCOMPLETE"}
    assert 0 < len(keys(first)) < 40
    assert sorted([*keys(first), *keys(second)]) == [f"{key:03}" for key in range(60)]


@pytest.mark.parametrize("workers", [1, 8])
def test_a_detail_that_fails_for_a_while_is_asked_for_again(http: Mock, invoices: Documents, workers: int) -> None:
    invoices.tamper = refuse(500, 1, "003", times=3)
    invoices.serve(http)

    outcome = sync(WHOLE, workers=workers)

    assert sorted(keys(outcome)) == [f"{key:03}" for key in range(10)]
    assert outcome.statuses == {WHOLE: "COMPLETE"}


@pytest.mark.parametrize("workers", [1, 8])
def test_no_state_passes_a_detail_that_fails_for_ever(http: Mock, invoices: Documents, workers: int) -> None:
    invoices.tamper = refuse(500, 1, "003")
    invoices.serve(http)

    first = sync("invoices", WHOLE, workers=workers)
    invoices.tamper = Documents.tamper
    second = sync("invoices", WHOLE, workers=workers, state=first.state)
    without_it = sync(WHOLE, workers=workers, state=first.state, start_date="2025-06-15T15:23:51Z")

    assert first.statuses == {"invoices": "COMPLETE", WHOLE: "INCOMPLETE"}
    assert sorted(keys(first)) == [f"{key:03}" for key in range(10) if key != 3]
    assert first.state[WHOLE] == {"last_modified_time": written(1021).replace("+0000", "Z")}
    assert sorted(keys(second)) == [f"{key:03}" for key in range(3, 10)]
    assert sorted(keys(without_it)) == [f"{key:03}" for key in range(4, 10)]


def test_a_quota_that_ends_keeps_what_is_out(http: Mock, invoices: Documents) -> None:
    invoices.tamper = refuse(429, 45, *(f"{key:03}" for key in range(6, 10)))
    invoices.serve(http)

    first = sync(LINES, WHOLE)
    invoices.tamper = Documents.tamper
    invoices.asked.clear()
    sync(LINES, WHOLE, state=first.state)

    assert first.statuses == {LINES: "INCOMPLETE", WHOLE: "INCOMPLETE"}
    assert "used up" in first.failures[LINES]
    assert sorted(invoices.asked) == ["006", "007", "008", "009"]


# -- silent losses ---------------------------------------------------------------------------------------------------

TWISTED: dict[str, Callable[[Row], Any]] = {
    "another document": lambda body: {"code": 0, "invoice": {**body["invoice"], "invoice_id": "999"}},
    "without its lines": lambda body: {
        "code": 0,
        "invoice": {name: value for name, value in body["invoice"].items() if name != "line_items"},
    },
    "no lines at all": lambda body: {"code": 0, "invoice": {**body["invoice"], "line_items": None}},
    "lines as text": lambda body: {"code": 0, "invoice": {**body["invoice"], "line_items": "2"}},
    "lines as numbers": lambda body: {"code": 0, "invoice": {**body["invoice"], "line_items": [1, 2]}},
    "no document": lambda body: {"code": 0, "message": "success"},
    "null": lambda body: {"code": 0, "invoice": None},
    "several documents": lambda body: {"code": 0, "invoice": []},
    "a list": lambda body: [],
}


@pytest.mark.parametrize(("twist", "name"), [(twist, (LINES, WHOLE)[n % 2]) for n, twist in enumerate(TWISTED)])
def test_a_detail_that_is_not_what_was_asked_for_is_no_silent_half(
    http: Mock, invoices: Documents, twist: str, name: str
) -> None:
    def tamper(key: str, status: int, body: Row) -> tuple[int, Row]:
        return status, TWISTED[twist](body) if key == "003" else body

    invoices.tamper = tamper
    invoices.serve(http)

    outcome = sync(name)

    assert outcome.statuses == {name: "INCOMPLETE"}
    assert "/invoices/003" in outcome.failures[name]
    assert invoices.asked.count("003") == 4
    assert set(keys(outcome, name)) == {f"{key:03}" for key in range(10) if key != 3}
    assert outcome.state[name] == {"last_modified_time": written(1021).replace("+0000", "Z")}


@pytest.mark.parametrize("form", ["a list of one", "a single line"])
def test_what_the_documentation_shows_otherwise_is_understood(http: Mock, invoices: Documents, form: str) -> None:
    def tamper(key: str, status: int, body: Row) -> tuple[int, Row]:
        invoice = body["invoice"]
        if form == "a list of one":
            return status, {"code": 0, "invoice": [invoice]}
        return status, {"code": 0, "invoice": {**invoice, "line_items": invoice["line_items"][0]}}

    invoices.tamper = tamper
    invoices.serve(http)

    outcome = sync(LINES)

    assert len(outcome.records[LINES]) == (20 if form == "a list of one" else 10)
    assert outcome.statuses == {LINES: "COMPLETE"}


def test_a_blank_in_the_place_of_parts_is_none_of_them(http: Mock) -> None:
    answer_tokens(http)
    payments = Documents("customerpayments", "payment_id", "payment", "invoices", "invoice_payment_id")
    payments.add(1, 7)
    payments.tamper = lambda key, status, body: (status, {"payment": {**body["payment"], "retainerinvoice": ""}})
    payments.serve(http)

    outcome = sync("customer_payment_applications")

    assert [each["position"] for each in outcome.records["customer_payment_applications"]] == [1, 2]
    assert outcome.statuses == {"customer_payment_applications": "COMPLETE"}


# -- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"details": "yes"}, "platform.details should be true or false, found text."),
        (
            {"detail_calls_per_sync": 0},
            "platform.detail_calls_per_sync should be a whole number from 1 to 1000000, found 0.",
        ),
        (
            {"detail_calls_per_sync": "many"},
            "platform.detail_calls_per_sync should be a whole number from 1 to 1000000",
        ),
    ],
)
def test_options_that_cannot_be_are_named(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        SourceInvoicing().streams(config(**options))

    assert sentence in refused.value.sentence

"""What is particular about Invoiced and cannot be seen from outside without its own hosts."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests_mock as mock
from airbyte_cdk.models import FailureType, SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure, UnexpectedResponse
from source_invoicing.platforms.invoiced.events import parse_event
from source_invoicing.platforms.invoiced.streams import has_next_page
from source_invoicing.streams.known_keys import KeySet

PRODUCTION = "https://api.invoiced.com/customers"
SANDBOX = "https://api.sandbox.invoiced.com/customers"


TOO_OFTEN = {"type": "rate_limit_error", "message": "You have reached your rate limit"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")


def config(**platform: Any) -> dict[str, Any]:
    return {"platform": {"name": "invoiced", "api_key": "key-of-a-test", **platform}}


def stream(name: str) -> Any:
    """A stream of an account, to be read without the concurrent engine."""
    streams: dict[str, Any] = {stream.name: stream for stream in SourceInvoicing().streams(config())}
    return streams[name]


def serve(api: mock.Mocker, path: str, rows: list[dict[str, Any]], *, tells_total: bool = True) -> None:
    """A list that sorts, blanks last, filters by modification time, and comes in pages."""

    def response(request: Any, context: Any) -> list[dict[str, Any]]:
        asked = {name: values[0] for name, values in request.qs.items()}
        since = int(asked.get("updated_after", -1))
        found = [row for row in rows if "updated_after" not in asked or (row["updated_at"] or -1) > since]
        column, _, direction = asked.get("sort", "id asc").partition(" ")
        found.sort(key=lambda row: (row[column] is None, row[column]), reverse=direction == "desc")
        if tells_total:
            context.headers["X-Total-Count"] = str(len(found))
        start = (int(asked["page"]) - 1) * int(asked["per_page"])
        return found[start : start + int(asked["per_page"])]

    api.get(f"https://api.invoiced.com/{path}", json=response)


def check(**platform: Any) -> tuple[bool, str | None]:
    return SourceInvoicing().check_connection(logging.getLogger(), config(**platform))


@pytest.mark.parametrize(("environment", "url"), [("production", PRODUCTION), ("sandbox", SANDBOX)])
def test_each_environment_has_its_host(environment: str, url: str) -> None:
    with mock.Mocker() as api:
        api.get(url, json=[])

        assert check(environment=environment) == (True, None)

    assert api.call_count == 1


def test_a_key_of_the_other_environment_is_recognised_by_a_second_request() -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, status_code=401, json={"type": "invalid_request", "message": "Invalid key"})
        api.get(SANDBOX, json=[])

        succeeded, sentence = check()

    assert not succeeded
    assert sentence == (
        "The API key belongs to the sandbox environment of Invoiced, but platform.environment is set to production. "
        "Change one of them."
    )
    assert api.call_count == 2


def test_a_key_of_neither_environment_is_just_wrong() -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, status_code=401, json={"message": "Invalid key"})
        api.get(SANDBOX, status_code=401, json={"message": "Invalid key"})

        succeeded, sentence = check()

    assert not succeeded
    assert "did not accept the credentials (HTTP 401: Invalid key)" in (sentence or "")


def test_a_key_never_leaves_for_the_vendor_when_a_base_url_is_set() -> None:
    with mock.Mocker() as api:
        api.get("https://proxy.example.com/invoiced/customers", status_code=401)

        assert check(base_url="https://proxy.example.com/invoiced")[0] is False

    assert api.call_count == 1


FULL, INCREMENTAL = SyncMode.full_refresh, SyncMode.incremental
OLD, NEW = {"id": "a/b", "metadata": {}, "updated_at": 5}, {"id": "c", "metadata": {}, "updated_at": 900}


@pytest.fixture
def streams() -> Iterator[dict[str, Any]]:
    """The streams of an account of two plans, and of two customers with a contact each."""
    with mock.Mocker() as api:
        # Nothing tells of paging, and each question gets the same answer: this is the whole list.
        api.get("https://api.invoiced.com/plans", json=[{**OLD, "metadata": []}, NEW])
        api.get(PRODUCTION, json=[{"id": 7, "updated_at": 1}, {"id": 8, "updated_at": 1}])
        api.get(re.compile(f"{PRODUCTION}/./contacts"), json=[{"id": 1}])
        yield {stream.name: stream for stream in SourceInvoicing().streams(config())}


def test_a_stream_reads_without_the_concurrent_engine_too(streams: dict[str, Any]) -> None:
    assert list(streams["plans"].read_records(FULL)) == [OLD, NEW]
    assert streams["plans"].state == {"updated_at": 900}


def test_a_subscription_that_moves_to_a_list_that_was_read_is_read_there() -> None:
    lists = {"": [1], "canceled": [2], "finished": [3, 4]}
    asked: list[str] = []

    def answer(request: Any, context: Any) -> list[dict[str, Any]]:
        asked.append(next((name for name in ("canceled", "finished") if name in request.qs), ""))
        if asked[-1] == "finished" and 4 in lists["finished"]:
            lists["canceled"].append(lists["finished"].pop())
        rows = [{"id": number, "updated_at": number} for number in lists[asked[-1]]]
        return [row for row in rows if row["updated_at"] > int(request.qs.get("updated_after", ["0"])[0])]

    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/subscriptions", json=answer)
        records = list(stream("subscriptions").read_records(SyncMode.full_refresh))

    assert {record["id"] for record in records} == {1, 2, 3, 4}
    assert list(dict.fromkeys(asked)) == ["", "canceled", "finished"]


@pytest.mark.parametrize("key", [None, "", "\0", True, 1.5, 2**63, [], {}])
def test_a_row_without_a_usable_key_fails_its_list(key: Any) -> None:
    """The character NUL is not printed, so it identifies nothing."""
    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/plans", json=[NEW, {**NEW, "id": key}])

        with pytest.raises(UnexpectedResponse, match="without a usable value in 'id'"):
            list(stream("plans").read_records(FULL))


@pytest.mark.parametrize("name", ["plans", "contacts"])
def test_a_stream_that_is_read_twice_comes_twice(streams: dict[str, Any], name: str) -> None:
    stream = streams[name]
    for _ in range(3):
        assert len(list(stream.read_records(FULL))) == 2
        assert len(list(stream.read_only_records())) == 2


def test_reading_only_records_leaves_a_stream_where_it_is(streams: dict[str, Any]) -> None:
    plans = streams["plans"]
    plans.state = {"updated_at": 100}

    assert list(plans.read_only_records()) == [NEW]
    assert list(plans.read_only_records({"updated_at": 3})) == [OLD, NEW]
    assert list(plans.read_only_records({})) == [OLD, NEW]
    assert plans.state == {"updated_at": 100}


def test_a_reading_begins_where_its_state_says(streams: dict[str, Any]) -> None:
    plans = streams["plans"]

    assert list(plans.read_records(INCREMENTAL, stream_state={"updated_at": 100})) == [NEW]
    assert list(plans.read_records(INCREMENTAL)) == [NEW]
    assert list(plans.read_records(FULL)) == [OLD, NEW]
    plans.state = {"updated_at": 100}
    assert list(plans.read_records(FULL)) == [NEW]


def test_the_lists_of_some_customers_can_be_read_alone(streams: dict[str, Any]) -> None:
    contacts = streams["contacts"]
    slices = list(contacts.stream_slices(sync_mode=FULL))

    assert slices == [{"customer_id": 7}, {"customer_id": 8}]
    assert [row["customer_id"] for row in contacts.read_records(FULL, stream_slice=slices[1])] == [8]
    assert contacts.state == {}
    assert [row["customer_id"] for row in contacts.read_records(FULL, stream_slice=slices[0])] == [7]
    assert contacts.state == {"customer_id": 8}


def test_the_slices_of_a_state_with_events_are_the_customers_that_later_events_name() -> None:
    contacts, now = stream("contacts"), int(time.time())
    memory = {"events_until": now - 1000, "events_seen": KeySet([1]).stored(), "full_reading": now - 1000}
    events = [
        {"id": 1, "type": "customer.created", "timestamp": now - 1000, "data": {"object": {"id": 7}}},
        {"id": 2, "type": "contact.updated", "timestamp": now - 600, "data": {"object": {"id": 70, "customer": 7}}},
    ]
    older = {"id": 3, "type": "contact.updated", "timestamp": now - 5000, "data": {"object": {"id": 80, "customer": 8}}}
    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/events", json=events, headers={"X-Total-Count": "2"})
        contacts.state = memory
        assert list(contacts.stream_slices(sync_mode=INCREMENTAL)) == [{"customer_id": 7}]

        # The same stream again, from an earlier state.
        api.get("https://api.invoiced.com/events", json=[older, *events], headers={"X-Total-Count": "3"})
        earlier = {**memory, "events_until": now - 2000}
        slices = list(contacts.stream_slices(sync_mode=INCREMENTAL, stream_state=earlier))

    assert slices == [{"customer_id": 7}, {"customer_id": 8}]


def test_tools_see_what_a_stream_asks_for() -> None:
    behind_a_proxy = SourceInvoicing().streams(config(base_url="https://proxy.example.com/invoiced"))
    plans: Any = next(stream for stream in behind_a_proxy if stream.name == "plans")

    assert urljoin(plans.url_base, plans.path()) == "https://proxy.example.com/invoiced/plans"
    assert plans.http_method == "GET"
    assert plans.request_params(None)["per_page"] == 100
    assert plans.request_body_json(None) is None


def test_the_streams_of_an_account_share_one_client() -> None:
    streams: list[Any] = SourceInvoicing().streams(config())

    assert len({id(stream.account.client) for stream in streams}) == 1


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"type": "api", "message": "Something broke", "data": []}, r"an error .* \(HTTP 200: Something broke\)"),
        ({"error": "no such account", "data": []}, "an object with the keys data, error"),
        ({"type": "invalid_request", "data": []}, "an object with the keys data, type"),
    ],
)
def test_an_error_that_carries_an_empty_list_is_no_empty_list(body: dict[str, Any], what: str) -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, json=body)
        api.get("https://api.invoiced.com/plans", json=body)

        succeeded, sentence = check()
        with pytest.raises(UnexpectedResponse, match=f"Invoiced answered /plans with {what}"):
            list(stream("plans").read_only_records())

    assert not succeeded
    assert sentence


def test_a_list_may_come_under_data() -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, json={"data": [], "error": None})

        assert check() == (True, None)


LAST = '<https://x.example/?page=3>; rel="self"'


@pytest.mark.parametrize(
    ("header", "has_next"),
    [
        ("", None),
        (LAST, False),
        (f'{LAST}, <https://x.example/?page=4>; rel="next"', True),
        (f'{LAST}, <https://x.example/?page=3>; rel="next"', False),
        (f'{LAST}, <https://x.example/?page=4>; title="a, b"; rel="next last"', True),
        (f"{LAST}, <https://x.example/?page=4>; REL=NEXT", True),
    ],
)
def test_a_list_goes_on_where_a_next_page_is_named_in_any_form(header: str, has_next: bool | None) -> None:
    assert has_next_page({"Link": header}) is has_next


@pytest.mark.parametrize("tells_total", [True, False])
def test_rows_without_a_modification_time_come_from_wherever_the_list_puts_them(tells_total: bool) -> None:
    rows = [{"id": number, "updated_at": None if number > 343 else number} for number in range(350)]
    with mock.Mocker() as api:
        serve(api, "invoices", rows, tells_total=tells_total)

        records = list(stream("invoices").read_only_records())

    assert {record["id"] for record in records} == set(range(350))


def test_a_refused_list_says_what_to_do() -> None:
    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/plans", status_code=400, json={"message": "No."})

        with pytest.raises(
            Failure, match=r"HTTP 400 for /plans: No\. Run the sync again; if it persists, look for a newer"
        ):
            list(stream("plans").read_only_records())


@pytest.mark.parametrize("slip", [TOO_OFTEN, {"type": "api", "message": "Something broke"}, {}, None, ["text"]])
def test_what_is_no_list_is_asked_for_again(slip: Any) -> None:
    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/plans", [{"json": slip}, {"json": [{"id": "a", "updated_at": 5}]}])

        assert list(stream("plans").read_only_records()) == [{"id": "a", "updated_at": 5}]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            TOO_OFTEN,
            "Invoiced limits how often it may be asked (HTTP 200 for /plans: You have reached your rate limit).",
        ),
        (
            {"type": "api", "message": "Something broke."},
            "Invoiced answered /plans with an error where a list of records should be (HTTP 200: Something broke). "
            "Try again; if it persists, ask Invoiced what it means.",
        ),
        (
            {"ok": True},
            "Invoiced answered /plans with an object with the keys ok where a list of records should be. "
            "Try again; if it persists, check that platform.base_url is the address of the API.",
        ),
    ],
)
def test_what_stays_no_list_is_told_in_the_vendor_s_words(body: Any, sentence: str) -> None:
    with mock.Mocker() as api:
        api.get("https://api.invoiced.com/plans", json=body)

        with pytest.raises(Failure) as caught:
            list(stream("plans").read_only_records())

    assert caught.value.sentence.startswith(sentence)
    assert caught.value.failure_type is FailureType.transient_error
    assert api.call_count == 4


def refuse(api: mock.Mocker, *names: str) -> None:
    """Events that do not know some parameters."""

    def response(request: Any, context: Any) -> Any:
        unknown = [name for name in names if name in request.qs]
        if unknown:
            context.status_code = 400
            return {"type": "invalid_request", "message": f"Unknown parameter: {unknown[0]}", "param": unknown[0]}
        context.headers["X-Total-Count"] = "2"
        return [{"id": 2, "timestamp": 20}, {"id": 1, "timestamp": 10}][:: -1 if "sort" in request.qs else 1]

    api.get("https://api.invoiced.com/events", json=response)


def test_who_caused_an_event_is_not_asked_for_where_that_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    events = stream("events")
    with mock.Mocker() as api:
        refuse(api, "include")

        first, second = list(events.read_records(INCREMENTAL)), list(events.read_records(INCREMENTAL))

    assert [row["id"] for row in first] == [1, 2]
    assert [row["id"] for row in second] == [2]
    assert [request.qs.get("include") for request in api.request_history] == [["user"], None, None]
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "Stream events: the API does not take include=user (Invoiced answered HTTP 400" in warning


def test_what_an_event_list_refuses_for_another_reason_costs_no_fields(caplog: pytest.LogCaptureFixture) -> None:
    with mock.Mocker() as api:
        refuse(api, "sort")

        records = list(stream("events").read_only_records())

    assert [row["id"] for row in records] == [2, 1]
    assert api.request_history[-1].qs["include"] == ["user"]


@pytest.mark.parametrize(
    ("other", "customers"),
    [({"merged": True}, ()), ({"merged": False, "merged_into": 4}, (4, 5)), ({"customer": {"id": 4}}, (4, 5))],
    ids=str,
)
def test_a_flag_in_the_event_of_a_merger_is_no_customer(other: dict[str, Any], customers: tuple[int, ...]) -> None:
    event = parse_event({"id": 1, "type": "customer.merged", "timestamp": 9, "data": {"object": {"id": 5, **other}}})

    assert event is not None
    assert event.parents == customers
    assert event.rows == tuple({"id": each} for each in customers or (5,))


def test_a_state_with_an_id_of_another_kind_than_the_customers_is_refused() -> None:
    contacts = stream("contacts")
    contacts.state = {"customer_id": "7003"}
    with mock.Mocker() as api:
        serve(api, "customers", [{"id": number, "updated_at": number} for number in (7001, 7009)])

        with pytest.raises(
            Failure, match=r"state of stream contacts .* an id such as 7001, found '7003'\. Clear the stream"
        ) as told:
            list(contacts.stream_slices(sync_mode=SyncMode.full_refresh))

    assert told.value.failure_type is FailureType.config_error


def test_a_state_is_of_use_where_all_customers_are_gone() -> None:
    contacts = stream("contacts")
    contacts.state = {"customer_id": 7003}
    with mock.Mocker() as api:
        serve(api, "customers", [])

        assert list(contacts.stream_slices(sync_mode=SyncMode.full_refresh)) == []


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (
            {"status_code": 403, "json": {"message": "No permission."}},
            "Invoiced does not let these credentials read /customers (HTTP 403: No permission). "
            "Let an administrator of the account make an API key that may.",
        ),
        (
            {"status_code": 402, "json": {"message": "Expired."}},
            "Invoiced does not let these credentials read /customers (HTTP 402: Expired). Another key is "
            "refused as well: see in Invoiced whether the account's plan includes it and is paid.",
        ),
        (
            {"status_code": 422, "json": {"message": "Wrong."}},
            "Invoiced answered HTTP 422 for /customers: Wrong. Check that platform.base_url, where it is set, leads to "
            "Invoiced itself.",
        ),
        (
            {"status_code": 429, "json": TOO_OFTEN, "headers": {"Retry-After": "30"}},
            "Invoiced limits how often it may be asked (HTTP 429 for /customers: You have reached your rate limit). "
            "Try again when other programs that use the account ask less. "
            "The vendor asks to come back in 30 seconds, which is longer than a connection test waits (10 seconds).",
        ),
    ],
)
def test_the_sentence_of_a_failed_check_does_not_speak_of_syncs(response: dict[str, Any], sentence: str) -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, **response)

        assert check() == (False, sentence)

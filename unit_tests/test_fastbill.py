"""FastBill: one address, answers in many forms, and errors under HTTP 200."""

from __future__ import annotations

import base64
import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import (
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    FailureType,
    SyncMode,
)
from airbyte_cdk.utils import AirbyteTracedException
from jsonschema import Draft7Validator
from requests_mock import ANY

from source_invoicing import SourceInvoicing
from source_invoicing.http import CallBudget, Failure, LoginRefused, QuotaExhausted, RateLimiter
from source_invoicing.http.secrets import without_links
from source_invoicing.platforms.fastbill import split_address
from source_invoicing.platforms.fastbill.streams import STREAMS
from source_invoicing.platforms.fastbill.values import Tidy, rows_of
from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.stream import InvoicingStream
from unit_tests.pages import pages

Json = dict[str, Any]
ADDRESS = "https://my.fastbill.com/api/1.0/api.php"
ROW = {"INVOICE_ID": "7", "TOTAL": 1.5}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0.0001")


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def config(**options: Any) -> Json:
    return {
        "platform": {"name": "fastbill", "username": "büro@łódź.example", "api_key": "schlüssel-€", **options},
    }


def streams(values: Json | None = None) -> dict[str, InvoicingStream]:
    """The streams of one account by name."""
    found = SourceInvoicing().streams(values or config())
    return {stream.name: stream for stream in found if isinstance(stream, InvoicingStream)}


def stream(name: str, values: Json | None = None, state: Mapping[str, Any] | None = None) -> InvoicingStream:
    chosen = streams(values)[name]
    chosen.state = json.loads(json.dumps(state or {}))
    return chosen


def read(name: str, values: Json | None = None, state: Mapping[str, Any] | None = None) -> list[Json]:
    chosen = stream(name, values, state)
    return [dict(row) for row in chosen.read_records(SyncMode.incremental)]


def serve(server: requests_mock.Mocker, rows: Sequence[Json], list_key: str = "INVOICES") -> None:
    """A list of rows, a hundred to a page."""

    def response(request: Any, context: Any) -> Json:
        asked = request.json()
        page = rows[asked["OFFSET"] : asked["OFFSET"] + min(asked["LIMIT"], 100)]
        return {"REQUEST": asked, "RESPONSE": {list_key: list(page)}}

    server.post(ADDRESS, json=response)


def asked(server: requests_mock.Mocker) -> list[Json]:
    return [request.json() for request in server.request_history]


def invoices(count: int) -> list[Json]:
    return [{"INVOICE_ID": str(number), "LASTUPDATE": "2026-01-31 12:00:00"} for number in range(count)]


# -- asking -----------------------------------------------------------------------------------------------------------


def test_a_page_is_asked_for_by_post_with_utf8_credentials(server: requests_mock.Mocker) -> None:
    serve(server, invoices(1))

    read("invoices")

    request = server.request_history[0]
    assert request.json() == {"SERVICE": "invoice.get", "LIMIT": 100, "OFFSET": 0}
    assert request.headers["Content-Type"] == "application/json"
    scheme, encoded = request.headers["Authorization"].split()
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "büro@łódź.example:schlüssel-€")


def test_101_rows_are_101_records(server: requests_mock.Mocker) -> None:
    serve(server, invoices(101))

    assert [row["INVOICE_ID"] for row in read("invoices")] == [str(number) for number in range(101)]
    assert [request["OFFSET"] for request in asked(server)] == [0, 99, 100]


def test_exactly_100_rows_take_a_second_call_and_no_third(server: requests_mock.Mocker) -> None:
    serve(server, invoices(100))

    assert len(read("invoices")) == 100
    assert len(asked(server)) == 2


@pytest.mark.parametrize("rows", [0, 1, 10, 99, 100, 101, 198, 199, 200, 500])
def test_a_full_read_costs_a_call_per_99_rows_and_one_more_at_most(server: requests_mock.Mocker, rows: int) -> None:
    serve(server, invoices(rows))

    assert len(read("invoices")) == rows
    assert len(asked(server)) <= -(-rows // 99) + 1


def test_a_server_that_knows_no_limit_and_sends_ten_rows_is_read_to_its_end(server: requests_mock.Mocker) -> None:
    rows = invoices(35)
    server.post(
        ADDRESS,
        json=lambda request, _: {
            "RESPONSE": {"INVOICES": rows[request.json()["OFFSET"] : request.json()["OFFSET"] + 10]}
        },
    )

    assert len({row["INVOICE_ID"] for row in read("invoices")}) == 35


def test_an_incremental_sync_asks_from_the_day_before_the_cursor_and_drops_what_is_older(
    server: requests_mock.Mocker,
) -> None:
    rows = [
        {"INVOICE_ID": "1", "LASTUPDATE": "2026-01-30 23:59:58"},
        {"INVOICE_ID": "2", "LASTUPDATE": "2026-01-31 12:00:00"},
        {"INVOICE_ID": "3", "LASTUPDATE": ""},
    ]
    serve(server, rows)

    records = read("invoices", state={"LASTUPDATE": "2026-01-31T12:00:00"})

    assert asked(server)[0]["FILTER"] == {"START_LASTUPDATE": "2026-01-30"}
    assert [row["INVOICE_ID"] for row in records] == ["2", "3"]
    assert records[1]["LASTUPDATE"] is None


@pytest.mark.parametrize(
    "stance",
    [
        None,
        (200, "missing / invalid field: START_LASTUPDATE"),
        (200, "Filter Error: START_LASTUPDATE is not allowed"),
        (400, "unknown FILTER: START_LASTUPDATE"),
        (422, "So nicht."),
    ],
)
def test_a_filter_that_has_no_effect_costs_one_call_and_no_row(
    server: requests_mock.Mocker, stance: tuple[int, str] | None
) -> None:
    rows = [{"INVOICE_ID": "1", "LASTUPDATE": "2020-01-01 00:00:00"}, *invoices(2)]

    def response(request: Any, context: Any) -> Json:
        if stance is not None and "FILTER" in request.json():
            context.status_code, words = stance
            return {"RESPONSE": {"ERRORS": [words]}}
        return {"RESPONSE": {"REVENUES": rows}}

    server.post(ADDRESS, json=response)

    records = read("revenues", state={"LASTUPDATE": "2026-01-31T11:00:00"})

    assert [row["INVOICE_ID"] for row in records] == ["0", "1"]
    assert len(asked(server)) == 2


def test_a_refusal_of_the_whole_list_is_asked_for_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.post(ADDRESS, status_code=400, json={"RESPONSE": {"ERRORS": ["unknown SERVICE: invoice.get"]}})

    with pytest.raises(Failure, match=r"unknown SERVICE: invoice\.get\. Check that platform\.base_url"):
        read("invoices")

    assert len(server.request_history) == 1
    assert "in another way" not in caplog.text


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("invoices", {"LASTUPDATE": "2026-03-01 00:00:00"}),
        ("customers", {"LASTUPDATE": "2026-03-01 00:00:00", "ORGANIZATION": "Zeta"}),
        ("products", {"TITLE": "Zeta"}),
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_a_row_that_was_read_and_moves_to_the_end_takes_no_other_with_it(
    server: requests_mock.Mocker, name: str, change: Json, killed: bool
) -> None:
    kind = type(stream(name))
    key, list_key = str(kind.primary_key), kind.list_key  # type: ignore[attr-defined]
    rows: list[Json] = [{key: str(number), "LASTUPDATE": "2026-01-01 00:00:00"} for number in range(250)]
    serve(server, rows, list_key)
    chosen = stream(name)
    came_in = pages(chosen)
    came = [row[key] for _ in range(2) for row in next(came_in)]
    if killed:
        next(came_in)
        chosen = stream(name, state=chosen.state)
        came_in = pages(chosen)
    # The row that the walk stopped at is one that may be edited.
    rows.append({**rows.pop(198 if killed else 5), **change})

    came += [row[key] for page in came_in for row in page]

    assert set(came) == {str(number) for number in range(250)}


@pytest.mark.parametrize("list_key", ["INVOICES", "ARTICLES"])
def test_a_list_that_was_left_is_gone_on_with(server: requests_mock.Mocker, list_key: str) -> None:
    name, key = {"INVOICES": ("invoices", "INVOICE_ID"), "ARTICLES": ("products", "ARTICLE_ID")}[list_key]
    serve(server, [{key: str(number), "LASTUPDATE": "2026-01-31 12:00:00"} for number in range(250)], list_key)
    left = stream(name)
    came_in = pages(left)
    rows = [row[key] for _ in range(2) for row in next(came_in)]
    next(came_in)
    server.reset_mock()

    rows += [row[key] for row in read(name, state=left.state)]

    assert rows == [str(number) for number in range(250)]
    assert [request["OFFSET"] for request in asked(server)] == [198, 249]


def test_a_place_that_version_0_1_0_left_is_gone_on_from(server: requests_mock.Mocker) -> None:
    serve(server, invoices(250))
    walk = {"offset": 198, "row": "198", "filtered": True, "since": None, "began": 1795238130, "newest": 1763026629}

    assert [row["INVOICE_ID"] for row in read("invoices", state={"walk": walk})] == list(map(str, range(199, 250)))
    assert [request["OFFSET"] for request in asked(server)] == [198, 249]


@pytest.mark.parametrize(
    "walk", [None, 198, {}, {"offset": "198", "row": "5", "filtered": True, "since": None, "began": 9, "newest": None}]
)
def test_a_place_that_nobody_wrote_is_refused(walk: Any) -> None:
    with pytest.raises(Failure, match="The saved state of stream invoices cannot be used: 'walk' should be the place"):
        stream("invoices").state = {"walk": walk}


@pytest.mark.parametrize("refusal", ["missing / invalid field: OFFSET", "Something went wrong"])
def test_a_failure_deep_in_a_list_comes_after_its_rows_and_not_after_the_same_rows_again(
    server: requests_mock.Mocker, refusal: str
) -> None:
    rows = invoices(1200)

    def response(request: Any, context: Any) -> Json:
        offset = request.json()["OFFSET"]
        page = {"ERRORS": [refusal]} if offset > 1000 else {"INVOICES": rows[offset : offset + 100]}
        return {"RESPONSE": page}

    server.post(ADDRESS, json=response)
    chosen = stream("invoices", {**config(), "start_date": "2020-01-01T00:00:00Z"})
    read_so_far: list[str] = []

    with pytest.raises(Failure, match=f"{refusal}. .*leave the stream out") as caught:
        read_so_far.extend(row["INVOICE_ID"] for row in chosen.read_records(SyncMode.incremental))

    assert ".." not in caught.value.sentence
    assert read_so_far == [str(number) for number in range(len(read_so_far))]
    assert len(read_so_far) == 1090
    assert [request["OFFSET"] for request in asked(server)] == list(range(0, 1090, 99))


def test_customers_are_read_whole_and_selected_here(server: requests_mock.Mocker) -> None:
    rows = [
        {"CUSTOMER_ID": "1", "LASTUPDATE": "2025-01-01 00:00:00"},
        {"CUSTOMER_ID": "2", "LASTUPDATE": "2026-06-01 00:00:00"},
    ]
    serve(server, rows, "CUSTOMERS")

    assert [row["CUSTOMER_ID"] for row in read("customers", state={"LASTUPDATE": "2026-01-01T00:00:00"})] == ["2"]
    assert "FILTER" not in asked(server)[0]


def test_a_project_keeps_its_own_documents_and_all_customers(server: requests_mock.Mocker) -> None:
    serve(server, [{**ROW, "PROJECT_ID": 8}, {**ROW, "INVOICE_ID": "9", "PROJECT_ID": "0"}])
    assert [row["INVOICE_ID"] for row in read("invoices", config(project_id="8"))] == ["7"]

    serve(server, [{"CUSTOMER_ID": "1"}], "CUSTOMERS")
    assert len(read("customers", config(project_id="8"))) == 1


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://proxy.example/fb", ("https://proxy.example/fb", "api/1.0/api.php")),
        ("https://proxy.example/fb/api/1.0/", ("https://proxy.example/fb/api/1.0", "api.php")),
        ("https://my.fastbill.com/api/1.0/api.php", ("https://my.fastbill.com/api/1.0", "api.php")),
    ],
)
def test_the_address_may_be_given_in_any_form(base_url: str, address: tuple[str, str]) -> None:
    assert split_address(base_url) == address


# -- being answered ---------------------------------------------------------------------------------------------------

FORMS = {
    "an array": [ROW],
    "an object with the index for a key": {"0": ROW},
    "the row itself": ROW,
    "under its singular": {"INVOICE": ROW},
    "an array under its singular": {"INVOICE": [ROW]},
    "under the element of contacts": {"ELEMENT": [ROW]},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_list_of_one_row_is_read_in_each_form(server: requests_mock.Mocker, form: str) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": FORMS[form]}}, headers={"Content-Type": "text/plain"})

    assert read("invoices") == [ROW]


@pytest.mark.parametrize("empty", [[], {}, None, ""])
def test_nothing_is_read_in_each_form(server: requests_mock.Mocker, empty: Any) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": empty}})
    assert read("invoices") == []

    server.post(ADDRESS, json={"RESPONSE": []})
    assert read("invoices") == []


def test_rows_with_indices_come_in_the_order_of_the_numbers() -> None:
    assert rows_of({"10": "k", "2": "c", "0": "a"}, "INVOICES", ["INVOICE_ID"]) == ["a", "c", "k"]


def test_a_comment_that_has_a_comment_is_one_comment() -> None:
    comment = {"COMMENT": "paid", "COMMENT_PUBLIC": "1"}

    assert rows_of(comment, "COMMENTS", ["COMMENT", "DATE"]) == [comment]
    assert rows_of({"COMMENT": comment}, "COMMENTS", ["COMMENT", "DATE"]) == [comment]


@pytest.mark.parametrize("blank", [[], {}])
def test_a_comment_with_a_blank_text_is_one_comment_too(blank: Any) -> None:
    tidy = Tidy(stream("invoices").get_json_schema())

    record = tidy({"COMMENTS": {"DATE": "02.01.2024", "COMMENT": blank, "COMMENT_PUBLIC": "0"}})

    assert record == {"COMMENTS": [{"DATE": "2024-01-02T00:00:00", "COMMENT": None, "COMMENT_PUBLIC": "0"}]}


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("LASTUPDATE", "02.01.2024", "2024-01-02T00:00:00"),
        ("LASTUPDATE", "02.01.2024 10:05:00", "2024-01-02T10:05:00"),
        ("LASTUPDATE", "2024-01-02", "2024-01-02T00:00:00"),
        ("LASTUPDATE", "00.00.0000 00:00:00", None),
        ("INVOICE_DATE", "2024-01-02 10:05:00", "2024-01-02"),
        ("INVOICE_DATE", "02.01.2024 10:05:00", "2024-01-02"),
        ("INVOICE_DATE", "in January", "in January"),
    ],
)
def test_a_date_is_read_in_each_form(field: str, value: str, written: str | None) -> None:
    assert Tidy(stream("invoices").get_json_schema())({field: value}) == {field: written}


@pytest.mark.parametrize("wrong", [{"RESPONSE": {}}, {"RESPONSE": {"ARTICLES": []}}, {"RESPONSE": {"INVOICES": "x"}}])
def test_an_answer_without_the_list_is_no_empty_list(server: requests_mock.Mocker, wrong: Json) -> None:
    server.post(ADDRESS, json=wrong)

    with pytest.raises(
        Failure, match=r"FastBill answered invoice\.get without a list of records under RESPONSE\.INVOICES"
    ):
        read("invoices")


@pytest.mark.parametrize("wrong", [{}, [], {"RESPONSE": None}, {"RESPONSE": "closed"}])
def test_an_answer_without_the_envelope_is_asked_for_again(server: requests_mock.Mocker, wrong: Any) -> None:
    server.post(ADDRESS, [{"json": wrong}, {"json": {"RESPONSE": {"INVOICES": [ROW]}}}])

    assert read("invoices") == [ROW]


@pytest.mark.parametrize("errors", [["Invoice Error: no"], {"0": "Invoice Error: no"}, "Invoice Error: no"])
@pytest.mark.parametrize("status", [200, 400])
def test_errors_are_a_failure_whatever_the_status(server: requests_mock.Mocker, errors: Any, status: int) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"INVOICES": [], "ERRORS": errors}})

    with pytest.raises(Failure, match=rf"HTTP {status}\): Invoice Error: no\. Run the sync again") as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.transient_error
    assert len(server.request_history) == 1


def test_errors_without_words_are_a_failure_too(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": [], "ERRORS": [""]}})

    with pytest.raises(Failure, match=r"\(HTTP 200\): no reason given\."):
        read("invoices")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, "Login Error: Wrong API KEY or user credentials."),
        (401, "Login Error: Wrong API KEY or user credentials."),
        (401, "Anmeldung fehlgeschlagen."),
        (401, ""),
    ],
)
def test_refused_credentials_are_for_the_user_to_mend(server: requests_mock.Mocker, status: int, error: str) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"ERRORS": [error] if error else []}})

    succeeded, sentence = SourceInvoicing().check_connection(logging.getLogger(), config())

    assert not succeeded
    words = f": {error.removesuffix('.')}" if error else ""
    assert str(sentence).startswith(
        f"FastBill did not accept the credentials (HTTP {status}{words}). platform.username is the e-mail address"
    )
    assert len(server.request_history) == 1
    with pytest.raises(LoginRefused) as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"status_code": 404, "text": "<html>"}, "with HTTP 404. Run the sync again; if this stays, check that"),
        ({"status_code": 404, "json": {"RESPONSE": {"ERRORS": ["api not found."]}}}, "with HTTP 404: api not found. "),
        ({"text": "<html>closed</html>"}, "with a web page (HTML) instead of JSON. Run the sync again; if this stays"),
        ({"json": {"ok": True}}, "with something that holds no RESPONSE. Run the sync again; if this stays"),
        (
            {"status_code": 500, "json": {"RESPONSE": {"ERRORS": ["Oops."]}}},
            "HTTP 500 for invoice.get: Oops. The fault",
        ),
        (
            {"status_code": 400, "json": {"RESPONSE": {"ERRORS": ["unknown SERVICE: invoice.get"]}}},
            "refused invoice.get (HTTP 400): unknown SERVICE: invoice.get. Check that platform.base_url",
        ),
        (
            {"status_code": 403, "json": {"RESPONSE": {"ERRORS": ["Not in your plan."]}}},
            "invoice.get (HTTP 403: Not in your plan). Check what the plan",
        ),
    ],
    ids=["404", "404 with words", "HTML", "another API", "500", "400", "403"],
)
def test_each_failure_says_what_to_do(server: requests_mock.Mocker, answers: Json, sentence: str) -> None:
    server.post(ADDRESS, **answers)

    with pytest.raises(Failure) as caught:
        read("invoices")

    assert sentence in caught.value.sentence
    assert ".." not in caught.value.sentence


def test_while_fastbill_is_updated_its_api_is_missing_for_a_moment(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, [{"status_code": 404, "text": "api not found"}, {"json": {"RESPONSE": {"INVOICES": [ROW]}}}])

    assert read("invoices") == [ROW]


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "API limit per hour reached"), (400, "Stunde"), (429, "no"), (503, "no"), (200, "quota exceeded")],
)
def test_a_used_up_quota_is_waited_for_and_then_transient(server: requests_mock.Mocker, status: int, text: str) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"ERRORS": [text]}})

    chosen = streams()

    for name in ("invoices", "products", "invoices"):
        with pytest.raises(QuotaExhausted, match="takes no more calls for now") as caught:
            list(chosen[name].read_records(SyncMode.full_refresh))
        assert caught.value.failure_type is FailureType.transient_error
    # One try and three more; then the door is closed for every stream of the account.
    assert len(server.request_history) == 4


def test_a_wrong_field_called_limit_is_no_quota(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"ERRORS": ["missing / invalid field: LIMIT"]}})

    with pytest.raises(Failure, match="LIMIT"):
        read("products")
    assert len(server.request_history) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_vendor_that_wants_an_hour_ends_the_sync(server: requests_mock.Mocker, status: int) -> None:
    server.post(ADDRESS, status_code=status, headers={"Retry-After": "3000"}, json={})

    with pytest.raises(Failure, match="3000 seconds") as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.transient_error


# -- the budget -------------------------------------------------------------------------------------------------------


def test_calls_beyond_the_budget_end_the_sync_as_transient(server: requests_mock.Mocker) -> None:
    serve(server, invoices(150))

    with pytest.raises(Failure, match="budget of 1 requests within 3600 seconds") as caught:
        read("invoices", config(calls_per_hour=1))
    assert caught.value.failure_type is FailureType.transient_error
    assert len(server.request_history) == 1


def test_a_budget_that_opens_soon_is_waited_for() -> None:
    quota = RateLimiter(in_flight=1, budget=CallBudget(calls=1, seconds=0.01))

    for _ in range(3):
        with quota.slot():
            pass


def test_the_streams_of_an_account_share_the_budget(server: requests_mock.Mocker) -> None:
    serve(server, invoices(1))
    chosen = streams(config(calls_per_hour=1))

    assert list(chosen["invoices"].read_records(SyncMode.full_refresh))
    with pytest.raises(QuotaExhausted):
        list(chosen["recurring_invoices"].read_records(SyncMode.full_refresh))
    assert len(server.request_history) == 1


def test_each_stream_comes_to_its_end_although_an_hour_has_calls_for_few(server: requests_mock.Mocker) -> None:
    """Three lists of nine calls each and one of a single call, and six calls an hour."""
    lists = {"CUSTOMERS": "CUSTOMER_ID", "ARTICLES": "ARTICLE_ID", "INVOICES": "INVOICE_ID"}

    def response(request: Any, context: Any) -> Json:
        service, first = request.json()["SERVICE"], request.json()["OFFSET"]
        name = {"customer.get": "CUSTOMERS", "article.get": "ARTICLES"}.get(service, "INVOICES")
        rows = [{lists[name]: str(number)} for number in range(700 if service != "invoice.get" else 0)]
        return {"RESPONSE": {name if service != "revenue.get" else "REVENUES": rows[first : first + 100]}}

    server.post(ADDRESS, json=response)
    source = SourceInvoicing()
    states: dict[str, AirbyteStateMessage] = {}
    came: dict[str, set[str]] = defaultdict(set)
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(each.as_airbyte_stream(), SyncMode.full_refresh, DestinationSyncMode.append)
            for name, each in streams().items()
            if name != "revenues"
        ]
    )
    for _ in range(5):
        with suppress(AirbyteTracedException):
            for message in source.read(logging.getLogger(), config(calls_per_hour=6), catalog, list(states.values())):
                if message.state is not None and message.state.stream is not None:
                    states[message.state.stream.stream_descriptor.name] = message.state
                if message.record is not None:
                    came[message.record.stream].update(message.record.data.values())

    assert {name: len(ids) for name, ids in came.items()} == dict.fromkeys(
        ["customers", "products", "recurring_invoices"], 700
    )


@pytest.mark.parametrize(
    ("state", "unfinished"),
    [
        ({}, True),
        ({"walk": Checkpoint(99, True, None, 9, None, (RowFingerprint("5"),)).stored()}, True),
        ({"__ab_no_cursor_state_message": True}, False),
    ],
)
def test_a_stream_that_no_sync_has_come_to_the_end_of_is_unfinished(state: Json, unfinished: bool) -> None:
    assert stream("products", state=state).is_unfinished is unfinished


def test_a_connection_test_costs_one_call(server: requests_mock.Mocker) -> None:
    serve(server, [{"CUSTOMER_ID": "1"}], "CUSTOMERS")

    assert SourceInvoicing().check_connection(logging.getLogger(), config()) == (True, None)
    assert asked(server) == [{"SERVICE": "customer.get", "LIMIT": 1, "OFFSET": 0}]


# -- values -----------------------------------------------------------------------------------------------------------


def test_values_become_what_the_schema_says(server: requests_mock.Mocker) -> None:
    row = {
        "INVOICE_ID": 7,
        "CUSTOMER_ID": 3,
        "PAID_DATE": "0000-00-00 00:00:00",
        "DUE_DATE": "2026-02-14 00:00:00",
        "INVOICE_DATE": "2026-01-31",
        "SERVICE_PERIOD_START": "",
        "DELIVERY_DATE": "01.01.2026 - 31.01.2026",
        "AFFILIATE": [],
        "CASH_DISCOUNT_PERCENT": "0.00",
        "EXCHANGE_RATE": "",
        "TOTAL": 11.899999999,
        "VAT_ITEMS": {"0": {"VAT_PERCENT": "19.00", "VAT_VALUE": 1.9}},
        "ITEMS": {"ITEM": {"INVOICE_ITEM_ID": 1, "QUANTITY": "2.50", "UNIT_PRICE": "4.00000000", "CATEGORY": ["a"]}},
        "PAYMENTS": {"PAYMENT_ID": "5", "DATE": "31.01.2026", "AMOUNT": "5.00"},
        "COMMENTS": [],
        "NEW_FIELD": "kept",
    }
    serve(server, [row])

    assert read("invoices") == [
        {
            "INVOICE_ID": "7",
            "CUSTOMER_ID": "3",
            "PAID_DATE": None,
            "DUE_DATE": "2026-02-14T00:00:00",
            "INVOICE_DATE": "2026-01-31",
            "SERVICE_PERIOD_START": None,
            "DELIVERY_DATE": "01.01.2026 - 31.01.2026",
            "AFFILIATE": None,
            "CASH_DISCOUNT_PERCENT": 0.0,
            "EXCHANGE_RATE": None,
            "TOTAL": 11.899999999,
            "VAT_ITEMS": [{"VAT_PERCENT": 19.0, "VAT_VALUE": 1.9}],
            "ITEMS": [{"INVOICE_ITEM_ID": "1", "QUANTITY": 2.5, "UNIT_PRICE": 4.0, "CATEGORY": ["a"]}],
            "PAYMENTS": [{"PAYMENT_ID": "5", "DATE": "2026-01-31", "AMOUNT": 5.0}],
            "COMMENTS": [],
            "NEW_FIELD": "kept",
        }
    ]


def test_a_value_that_is_no_list_is_left_alone() -> None:
    tidy = Tidy(stream("invoices").get_json_schema())

    assert tidy({"ITEMS": "none"}) == {"ITEMS": "none"}


@pytest.mark.parametrize("kind", STREAMS)
def test_each_schema_is_one_of_an_airbyte_stream(kind: type[InvoicingStream]) -> None:
    chosen = next(found for found in SourceInvoicing().streams(config()) if isinstance(found, kind))
    schema = chosen.get_json_schema()

    Draft7Validator.check_schema(dict(schema))
    assert schema["required"] == [chosen.primary_key]
    assert schema["properties"][chosen.primary_key]["type"] == "string"
    text = json.dumps(schema)
    for money in ("QUANTITY", "UNIT_PRICE", "VAT_PERCENT", "SUB_TOTAL", "TOTAL"):
        assert f'"{money}": {{"type": ["null", "number"]' in text or f'"{money}"' not in text
    if chosen.cursor_field:
        assert schema["properties"][chosen.cursor_field]["airbyte_type"] == "timestamp_without_timezone"


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["/", r"\/"])
def test_a_link_to_a_document_is_cut_down_to_its_host(slash: str) -> None:
    link = f"https:{slash}{slash}my.fastbill.com{slash}download{slash}t0ken?x=1"

    shown = without_links(f'{{"DOCUMENT_URL":"{link}","A":"https://b.example"}}')

    assert "t0ken" not in shown
    assert "my.fastbill.com" in shown


def test_a_cut_answer_shows_no_link(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    server.post(ADDRESS, text='{"RESPONSE":{"INVOICES":[{"DOCUMENT_URL":"https://my.fastbill.com/t0ken')

    with caplog.at_level(logging.DEBUG), pytest.raises(Failure) as caught:
        read("invoices")

    assert "t0ken" not in f"{caught.value} {caught.value.internal_message} {caplog.text}"
    assert "invoice.get" in str(caught.value)


@pytest.mark.parametrize("missing", ["username", "api_key"])
def test_a_missing_credential_is_named(missing: str) -> None:
    values = config()
    del values["platform"][missing]

    succeeded, sentence = SourceInvoicing().check_connection(logging.getLogger(), values)

    assert not succeeded
    assert str(sentence).startswith(f"platform.{missing} is missing")


def test_nothing_but_the_one_address_is_asked(server: requests_mock.Mocker) -> None:
    server.register_uri(ANY, ANY, status_code=500)
    serve(server, invoices(3))

    read("invoices")

    assert {request.url for request in server.request_history} == {ADDRESS}


def test_tools_see_that_reading_is_a_post() -> None:
    found = stream("invoices")

    assert found.url_base + found.path() == ADDRESS
    assert found.http_method == "POST"
    assert found.request_params(None) == {}
    assert (found.request_body_json(None) or {})["SERVICE"] == "invoice.get"

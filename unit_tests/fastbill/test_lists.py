"""FastBill: how lists are asked for, page by page, and resumed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import (
    SyncMode,
)

from source_invoicing.http import Failure
from source_invoicing.platforms.fastbill import split_address
from unit_tests.fastbill.helpers import ADDRESS, ROW, Json, asked, config, invoices, read, serve, stream
from unit_tests.pages import pages


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
    # The row that the reading stopped at may be edited, too.
    rows.append({**rows.pop(198 if killed else 5), **change})

    came += [row[key] for page in came_in for row in page]

    assert set(came) == {str(number) for number in range(250)}


@pytest.mark.parametrize("list_key", ["INVOICES", "ARTICLES"])
def test_a_list_that_was_left_is_continued(server: requests_mock.Mocker, list_key: str) -> None:
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


def test_a_checkpoint_of_version_0_1_0_is_continued_from(server: requests_mock.Mocker) -> None:
    serve(server, invoices(250))
    left = {
        "offset": 198,
        "row": "198",
        "filtered": True,
        "since": None,
        "began": 1795238130,
        "newest": 1763026629,
    }

    assert [row["INVOICE_ID"] for row in read("invoices", state={"walk": left})] == list(map(str, range(199, 250)))
    assert [request["OFFSET"] for request in asked(server)] == [198, 249]


@pytest.mark.parametrize(
    "checkpoint",
    [None, 198, {}, {"offset": "198", "row": "5", "filtered": True, "since": None, "began": 9, "newest": None}],
)
def test_a_checkpoint_that_no_version_wrote_is_refused(checkpoint: Any) -> None:
    with pytest.raises(Failure, match="The saved state of stream invoices cannot be used: 'walk' should be the place"):
        stream("invoices").state = {"walk": checkpoint}


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


def test_payments_without_an_id_are_known_by_their_position(server: requests_mock.Mocker) -> None:
    payments = [{"AMOUNT": "1.00"}, {"PAYMENT_ID": "9", "AMOUNT": "2.00"}, {"PAYMENT_ID": "", "AMOUNT": "3.00"}]
    serve(server, [{**ROW, "PAYMENTS": payments}])

    assert [(row["INVOICE_ID"], row["PAYMENT_ID"]) for row in read("invoice_payments")] == [
        ("7", "1"),
        ("7", "9"),
        ("7", "3"),
    ]


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

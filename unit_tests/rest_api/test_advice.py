"""The configurable platform: what somebody is told whose description does not fit the API."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests_mock

from source_invoicing import SourceInvoicing
from unit_tests.rest_api.helpers import BASE, CHILD, CUSTOMERS, LIST, ROWS, Json, by_page, config, invoices, read

NONE: Json = {"type": "none"}
WRAPPED: Json = {"result": {"list": [{"bill": {"id": 1}}], "info": {"all": 57}}, "errors": []}


def check(*streams: Json) -> str:
    """Why a check fails; empty where it does not."""
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), config(*streams))
    assert succeeded is not bool(said)
    return str(said or "")


@pytest.mark.parametrize("path", ["data", "result.list.bill", "result.list.*.bil", "."])
def test_the_place_of_a_list_is_named_where_record_path_leads_elsewhere(
    server: requests_mock.Mocker, path: str
) -> None:
    server.get(LIST, json=WRAPPED)

    said = check(invoices(record_path=path, pagination=NONE))
    assert "with a list at 'result.list'." in said
    assert "correct record_path, if that is no record" in check(invoices(record_path="result.list", pagination=NONE))


@pytest.mark.parametrize(
    ("beside", "sign"),
    [
        ({"result": {"info": {"all": 57}}}, "result.info.all is 57"),
        ({"meta": {"page": {"total-count": "57"}}}, "meta.page.total-count is 57"),
        ({"paging": {"hasNextPage": True}}, "paging.hasNextPage is true"),
        ({"@odata.nextLink": "https://x"}, "@odata.nextLink is filled"),
        ({"links": {"next": "/v1?page=2"}}, "links.next is filled"),
        ({"total": 2, "count": 1, "amount_total": 900, "page": 1, "more": False, "links": {"next": None}}, ""),
        ({"others": [{"total": 900}]}, ""),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "pagination", [NONE, {"type": "next_url", "path": "next_page.link"}, {"type": "link_header"}], ids=str
)
def test_a_sign_of_further_rows_is_told_where_the_first_page_is_all(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, beside: Json, sign: str, pagination: Json
) -> None:
    server.get(LIST, json={"data": ROWS[:2], "next_page": {}, **beside})

    assert len(read(config(invoices(pagination=pagination)))) == 2
    said = [
        record.getMessage() for record in caplog.records if "ends after one page of 2 rows" in record.msg % record.args
    ]
    assert bool(said) is bool(sign)
    assert all(sign in message for message in said)


@pytest.mark.parametrize(
    "pagination", [{"type": "page", "start_page": 0, "total_path": "meta.total"}, {"type": "page", "total_path": "n"}]
)
def test_a_first_page_without_rows_that_are_counted_fails_the_check(
    server: requests_mock.Mocker, pagination: Json
) -> None:
    server.get(LIST, json=by_page(ROWS) if "start_page" in pagination else {"data": [], "n": 57})

    assert "the first page is empty, and the API counts" in check(invoices(pagination=pagination))


@pytest.mark.parametrize("declared", [{"since_format": "%d/%m"}, {"window": {"days": 9, "format": "%H:%M"}}], ids=str)
def test_a_date_without_a_year_is_none(declared: Json) -> None:
    assert "names no year" in check(invoices(**declared))


def test_records_of_different_parents_with_one_key_are_told(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}, {"id": 3}]})
    for customer in (1, 2, 3):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json={"data": [{"id": 1}]})

    assert len(read(config(CUSTOMERS, {**CHILD, "primary_key": ["customer_id", "id"]}), "notes")) == 3
    assert "different parents" not in caplog.text
    assert len(read(config(CUSTOMERS, CHILD), "notes")) == 3
    assert caplog.text.count("records of different parents have the same id") == 1


def test_what_is_wrong_with_a_detail_is_told(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    def detail(request: Any, context: Any) -> Json:
        return {"invoice": {"id": 1, "total": 2}}

    server.get(LIST, json={"data": [{"id": 1}]})
    server.get(f"{LIST}/1", json=detail)
    server.get(f"{BASE}/v1/invoice/1", status_code=404, json={})

    assert check(invoices(pagination=NONE, detail={"path": "/v1/invoice/{id}"})).endswith(
        "Check detail.path of the stream."
    )
    assert not check(invoices(pagination=NONE, detail={"path": "/v1/invoices/{id}"}))
    assert "holds nothing but an object at 'invoice'" in caplog.text

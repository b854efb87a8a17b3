"""The configurable platform: pages without records, pages that are none, and what the API says then."""

from __future__ import annotations

from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.streams import InvoicingStream
from unit_tests.rest_api.helpers import BASE, LIST, Json, config, invoices, query, read

ROWS: list[Json] = [{"id": number} for number in range(1001)]
PAGES: Json = {"type": "page", "size": 1000, "total_path": "list.@total"}


# -- null -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1], ids=["from the first page on", "from the second page on"])
def test_a_body_of_null_is_no_empty_list(server: requests_mock.Mocker, first: int) -> None:
    answers: list[Json] = [{"json": {"data": ROWS[:100]}}][:first]
    server.get(LIST, [*answers, {"text": "null"}])

    with pytest.raises(Failure, match="has null at 'data', where record_path expects a list of records; it is null"):
        read(config())
    assert len(server.request_history) == first + 4


def test_null_at_the_record_path_is_an_empty_list(server: requests_mock.Mocker) -> None:
    server.get(LIST, [{"json": {"data": None}}, {"text": "null"}])

    assert read(config()) == []
    assert read(config(invoices(record_path="", pagination={"type": "none"}))) == []


# -- lists that are left out ------------------------------------------------------------------------------------------


def leaving_out(rows: list[Json], deleted: int) -> Any:
    """A server that leaves the list out of pages without rows.

    :param deleted: rows that vanish once the first page was answered
    """

    def answer(request: Any, context: Any) -> Json:
        asked = query(request)
        start, size = (int(asked["page"]) - 1) * int(asked["per_page"]), int(asked["per_page"])
        page = rows[start : start + size]
        if start == 0 and len(rows) == len(ROWS):
            del rows[:deleted]
            return {"list": {"row": page, "@total": str(len(ROWS))}}
        return {"list": {**({"row": page} if page else {}), "@total": str(len(rows))}}

    return answer


@pytest.mark.parametrize("single", [True, False], ids=["single object", "list"])
def test_a_page_that_became_empty_is_read_again_from_the_top(server: requests_mock.Mocker, single: bool) -> None:
    """Its total counts the rows that are left; there is no reason to doubt the record path."""
    server.get(LIST, json=leaving_out(list(ROWS), deleted=51))
    declared = invoices(record_path="list.row", single_object_as_list=single, pagination=PAGES)

    assert {row["id"] for row in read(config(declared))} >= set(range(51, 1001))


def test_a_list_that_is_left_out_and_counts_nothing_is_empty(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"list": {"@total": "0"}})

    assert read(config(invoices(record_path="list.row", pagination=PAGES))) == []
    assert len(server.request_history) == 1


@pytest.mark.parametrize("total", ["3", None], ids=["some are counted", "nothing is counted"])
def test_a_first_page_without_its_list_is_no_empty_list(server: requests_mock.Mocker, total: str | None) -> None:
    server.get(LIST, json={"list": {"@total": total}})

    with pytest.raises(Failure, match=r"has nothing at 'list\.rows', where record_path expects"):
        read(config(invoices(record_path="list.rows", single_object_as_list=True, pagination=PAGES)))


# -- the API's own words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Message": "The tenant is gone."}, "The tenant is gone"),
        ({"Title": "Forbidden", "Detail": "No such scope"}, "No such scope"),
        ({"ErrorCode": 2001, "DeveloperErrorMessage": "Unknown ledger"}, "Unknown ledger"),
        ({"ErrorInformation": {"error": 1, "message": "Invalid login", "code": 2000310}}, "Invalid login"),
        ({"Fault": {"Error": [{"Message": "Stale token", "Detail": "Expired"}], "type": "x"}}, "Stale token; Expired"),
        ({"response": {"errors": [{"message": "No such business", "errno": 1}]}}, "No such business; 1"),
        ([{"message": "Session expired", "errorCode": "INVALID"}], "Session expired"),
        ({"fault": {"faultstring": "Quota of the key is used up"}}, "Quota of the key is used up"),
        ({"error": True, "reason": "Closed for repairs"}, "Closed for repairs"),
        ("Go away", "Go away"),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [400, 403])
def test_the_words_of_the_api_are_found_wherever_they_stand(
    server: requests_mock.Mocker, status: int, body: Any, words: str
) -> None:
    server.get(LIST, status_code=status, json=body)

    with pytest.raises(Failure) as caught:
        read(config())
    assert f": {words}" in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
@pytest.mark.parametrize("path", ["info.reason", "Info.Reason"])
def test_the_words_under_the_error_path_go_first(server: requests_mock.Mocker, status: int, path: str) -> None:
    server.get(LIST, status_code=status, json={"message": "Oops", "Info": {"Reason": "The year is locked"}})

    with pytest.raises(Failure) as caught:
        read(config(invoices(error_path=path)))
    assert ": The year is locked" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"success": False, "message": "WRONG ACCESS TOKEN."}, "keys message, success, and says: WRONG ACCESS TOKEN. "),
        ({"Error": {"Message": "Closed"}}, "keys Error, and says: Closed. "),
        ({"code": 0, "rows": []}, "keys code, rows. "),
        ({"invoices": [{"message": "Thank you, Mrs. Doe"}]}, "keys invoices, with a list at 'invoices'. "),
    ],
    ids=str,
)
def test_what_is_no_list_is_told_with_the_words_of_the_api(server: requests_mock.Mocker, body: Json, says: str) -> None:
    """But not with those of its records."""
    server.get(LIST, json=body)

    with pytest.raises(Failure) as caught:
        read(config())
    assert f"it is an object with the {says}Run the sync again" in str(caught.value)


def test_a_flag_under_the_error_path_is_told_with_the_words_beside_it(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [], "failed": True, "message": "Closed"})

    with pytest.raises(Failure, match="says under 'failed': Closed"):
        read(config(invoices(error_path="failed")))


def test_what_is_no_list_does_not_prove_that_there_are_lists(server: requests_mock.Mocker) -> None:
    """With the path put right, the next sync has to read the first customer again."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    server.get(f"{BASE}/v1/customers/1/notes", status_code=404)
    server.get(f"{BASE}/v1/customers/2/notes", json={"message": "Closed"})
    customers = {"name": "customers", "path": "/v1/customers", "pagination": {"type": "none"}}
    notes = {"name": "notes", "path": "/v1/customers/{id}/notes", "parent": {"stream": "customers"}}
    _, stream = SourceInvoicing().streams(config(customers, notes))

    assert isinstance(stream, InvoicingStream)
    with pytest.raises(Failure, match="Closed"):
        list(stream.read_records(SyncMode.full_refresh))
    assert stream.state == {}

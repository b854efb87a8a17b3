"""The configurable platform: lists that contradict themselves, their total or their description."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing.http import Failure
from unit_tests.pages import pages
from unit_tests.rest_api.helpers import (
    BASE,
    CHILD,
    CUSTOMERS,
    LIST,
    ROWS,
    Json,
    by_offset,
    by_page,
    config,
    ids,
    invoices,
    query,
    read,
    stream,
)


@pytest.mark.parametrize(
    ("pagination", "told"),
    [
        ({"type": "offset"}, {}),
        ({"type": "page"}, {}),
        ({"type": "cursor", "cursor_param": "after"}, {}),
        ({"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"}, {"next": "same"}),
        ({"type": "next_url", "path": "next"}, {"next": "?page=2"}),
    ],
)
def test_an_answer_that_never_changes_is_an_error(server: requests_mock.Mocker, pagination: Json, told: Json) -> None:
    server.get(LIST, json={"data": ROWS[:100], **told})

    with pytest.raises(Failure, match=r"/v1/invoices .*(twice|again and again)"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("rows", [37, 100])
def test_an_api_that_ignores_the_offset_is_for_the_user_to_describe(server: requests_mock.Mocker, rows: int) -> None:
    server.get(LIST, json={"data": ROWS[:rows]})

    with pytest.raises(Failure, match=r"twice, .*Check the pagination of the stream: .* Type none") as caught:
        read(config())
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize("total", [0, 1, "of the page"])
def test_a_total_of_fewer_rows_than_there_are_is_for_the_user_to_describe(
    server: requests_mock.Mocker, total: Any
) -> None:
    server.get(LIST, json=by_offset(ROWS, total=100 if total == "of the page" else total))

    with pytest.raises(Failure, match=r"'total' is .* where at least .* rows are\. Check pagination") as caught:
        read(config(invoices(pagination={"type": "offset", "total_path": "total"})))
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(("count", "requests"), [(37, 1), (99, 1), (100, 2), (101, 2)])
def test_a_total_that_makes_a_full_page_the_last_one_is_made_sure_of(
    server: requests_mock.Mocker, count: int, requests: int
) -> None:
    server.get(LIST, json=by_offset(ROWS[:count], total=count))

    assert len(read(config(invoices(pagination={"type": "offset", "total_path": "total"})))) == count
    assert len(server.request_history) == requests


@pytest.mark.parametrize("primary_key", [["id"], ["id", "line"], []])
@pytest.mark.parametrize("cursor_field", ["", "changed"])
def test_a_list_by_offset_that_was_left_is_gone_on_with(
    server: requests_mock.Mocker, primary_key: list[str], cursor_field: str
) -> None:
    rows = [{"id": number, "line": 1, "changed": "2026-01-31T12:00:00Z"} for number in range(250)]
    server.get(LIST, json=by_offset(rows))
    values = config(invoices(primary_key=primary_key, cursor_field=cursor_field))
    left = stream(values)
    came_in = pages(left)
    came = [row["id"] for _ in range(2) for row in next(came_in)]
    next(came_in)
    state = json.loads(json.dumps(left.state))
    server.reset_mock()

    came += ids(read(values, state=state))

    assert came == list(range(250))
    assert [query(request)["offset"] for request in server.request_history] == ["198", "249"]
    assert left.as_airbyte_stream().is_resumable


@pytest.mark.parametrize(
    ("pagination", "message"),
    [({"type": "offset"}, r"offset 99.*range of dates"), ({"type": "next_url", "path": "next"}, "HTTP 404")],
    ids=["offset", "link"],
)
def test_a_list_that_breaks_off_is_not_taken_for_that_of_a_customer_that_vanished(
    server: requests_mock.Mocker, pagination: Json, message: str
) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})

    def response(request: Any, context: Any) -> Any:
        context.status_code = 200 if query(request).get("offset", "0") == "0" else 404
        return {"data": ROWS[:100], "next": "?offset=100"}

    server.get(f"{BASE}/v1/customers/1/notes", json=response)

    with pytest.raises(Failure, match=message):
        read(config(CUSTOMERS, {**CHILD, "pagination": pagination}), "notes")


@pytest.mark.parametrize("there", [0, 100, 120, 200])
@pytest.mark.parametrize(
    "pagination", [{"type": "offset"}, {"type": "page"}, {"type": "page", "size_param": ""}], ids=str
)
def test_a_total_that_is_not_reached_is_an_error(server: requests_mock.Mocker, pagination: Json, there: int) -> None:
    def response(request: Any, context: Any) -> Json:
        rows = by_offset if pagination["type"] == "offset" else by_page
        return {**rows(ROWS[:there])(request, context), "total": 250}

    server.get(LIST, json=response)

    with pytest.raises(Failure, match=f"tells of 250 rows and ends after {there}"):
        read(config(invoices(pagination={**pagination, "total_path": "total"})))


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "offset", "has_more_path": "more"},
        {"type": "page", "has_more_path": "more"},
        {"type": "page", "total_pages_path": "pages"},
        {"type": "cursor", "cursor_param": "after", "has_more_path": "more"},
    ],
    ids=str,
)
def test_an_empty_page_of_a_list_that_goes_on_is_an_error(server: requests_mock.Mocker, pagination: Json) -> None:
    server.get(LIST, json={"data": [], "more": True, "pages": 3})

    with pytest.raises(Failure, match="goes on"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize(
    ("pagination", "message"),
    [
        ({"type": "offset", "total_path": "meta.total"}, "total_path"),
        ({"type": "page", "total_pages_path": "pages"}, "total_pages_path"),
        ({"type": "cursor", "cursor_param": "a", "source": "body", "path": "meta.next"}, "has no 'meta'"),
        ({"type": "cursor", "cursor_param": "a", "path": "number"}, "no cursor at 'number'"),
        ({"type": "offset", "has_more_path": "more"}, "has_more_path"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(server: requests_mock.Mocker, pagination: Json, message: str) -> None:
    server.get(LIST, json={"data": ROWS[:3]})

    with pytest.raises(Failure, match=message):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("more", [{"total": 3}, {"total": 2}], ids=["beyond", "all there"])
@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "none"},
        {"type": "link_header"},
        {"type": "next_url", "path": "next"},
        {"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"},
    ],
    ids=lambda pagination: pagination["type"],
)
def test_a_total_proves_a_list_of_any_pagination(
    server: requests_mock.Mocker, pagination: Json, more: Json, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json={"data": ROWS[:2], **more})

    if more["total"] == 2:
        assert ids(read(config(invoices(pagination={**pagination, "total_path": "total"})))) == [0, 1]
        assert not caplog.records
        return
    with pytest.raises(Failure, match=r"rows of 3|2 rows|tells of 3 rows and ends after 2"):
        read(config(invoices(pagination={**pagination, "total_path": "total"})))
    read(config(invoices(pagination=pagination)))
    assert "total is 3" in caplog.text


def test_a_link_to_a_next_page_is_not_overlooked(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": ROWS[:2]}, headers={"Link": f'<{LIST}?page=2>; rel="next"'})

    with pytest.raises(Failure, match="pagination is none"):
        read(config(invoices(pagination={"type": "none"})))

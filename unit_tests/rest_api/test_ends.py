"""The configurable platform: where a list ends, and where it only seems to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import FailureType, SyncMode

from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import LIST, ROWS, Json, by_offset, by_page, config, ids, invoices, query, read, stream


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "cursor", "cursor_param": "at", "source": "body", "path": "paging.next.at"},
        {"type": "next_url", "path": "paging.next.link"},
        {"type": "cursor", "cursor_param": "at", "has_more_path": "paging.more"},
        {"type": "offset", "offset_param": "at", "has_more_path": "paging.more"},
    ],
    ids=str,
)
def test_what_tells_of_a_next_page_may_be_left_out_on_the_last_one(
    server: requests_mock.Mocker, pagination: Json
) -> None:
    def response(request: Any, context: Any) -> Json:
        at = query(request).get("at")
        names_a_row = pagination["type"] == "cursor" and "source" not in pagination
        start = int(at or 0) + bool(at and names_a_row)
        told = {"more": True, "next": {"at": start + 100, "link": f"?at={start + 100}"}}
        return {"data": ROWS[start : start + 100], **({"paging": told} if start + 100 < len(ROWS) else {})}

    server.get(LIST, json=response)

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))


def test_an_empty_list_need_not_name_a_next_page(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})

    assert read(config(invoices(pagination={"type": "next_url", "path": "paging.next.link"}))) == []


def test_a_name_with_a_dot_is_found(server: requests_mock.Mocker) -> None:
    """As OData has it; a list of one page has no such name."""
    first = {"@odata.context": "x", "value": ROWS[:2], "@odata.nextLink": "?$skiptoken=x"}
    server.get(LIST, [{"json": first}, {"json": {"@odata.context": "x", "value": ROWS[2:3]}}])
    values = config(invoices(record_path="value", pagination={"type": "next_url", "path": "@odata.nextLink"}))

    assert ids(read(values)) == [0, 1, 2]
    assert ids(read(values)) == [2]


def with_an_end(response: Callable[[Any, Any], Json], status: int) -> Callable[[Any, Any], Any]:
    """A server that has no page behind the last one."""

    def wrapped(request: Any, context: Any) -> Any:
        body = response(request, context)
        if not body["data"] and int(query(request)["page"]) > 1:
            context.status_code = status
            return {"detail": "Invalid page."}
        return body

    return wrapped


@pytest.mark.parametrize("status", [404, 416])
@pytest.mark.parametrize(
    ("count", "size", "fixed"),
    [
        *((count, 100, fixed) for count in (1, 37, 100, 130) for fixed in (False, True)),
        # Where no size is asked for, it may be any.
        (239, 120, True),
    ],
)
def test_a_page_behind_the_end_that_is_not_found_is_the_end(
    server: requests_mock.Mocker, count: int, size: int, fixed: bool, status: int
) -> None:
    server.get(LIST, json=with_an_end(by_page(ROWS[:count], size, fixed=fixed), status))
    pagination = {"type": "page", "size_param": "" if fixed else "per_page"}

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(count))


@pytest.mark.parametrize("told", [{}, {"total_path": "meta.total"}], ids=["untold", "told"])
def test_a_page_that_is_not_found_behind_a_full_one_may_be_a_ceiling(server: requests_mock.Mocker, told: Json) -> None:
    """Unless the API tells how long the list is, nothing proves that it ends there."""
    server.get(LIST, json=with_an_end(by_page(ROWS[:200], fixed=True), 404))
    values = config(invoices(pagination={"type": "page", "size_param": "", **told}))

    if told:
        assert ids(read(values)) == list(range(200))
        return
    with pytest.raises(Failure, match=r"HTTP 404.*Invalid page.*total_path.*next_url.*since_param"):
        read(values)


def test_no_content_is_an_empty_list(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=204)

    assert read(config()) == []
    assert len(server.request_history) == 1


def test_no_content_does_not_end_a_list_that_is_said_to_be_longer(server: requests_mock.Mocker) -> None:
    server.get(LIST, [{"json": {"data": ROWS[:100], "total": 250}}, {"status_code": 204}])

    with pytest.raises(Failure, match="an empty body"):
        read(config(invoices(pagination={"type": "offset", "total_path": "total"})))


@pytest.mark.parametrize(
    "pagination", [{"type": "page", "max_page": 2}, {"type": "offset", "max_offset": 150}], ids=["page", "offset"]
)
def test_a_list_behind_the_ceiling_fails_instead_of_being_cut(server: requests_mock.Mocker, pagination: Json) -> None:
    server.get(LIST, json=by_page(ROWS) if pagination["type"] == "page" else by_offset(ROWS))

    with pytest.raises(Failure, match=r"max_.*since_param.*range of dates"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("status", [400, 404, 416, 422])
@pytest.mark.parametrize("pagination", [{"type": "page"}, {"type": "offset"}], ids=["page", "offset"])
def test_an_undeclared_ceiling_fails_with_advice_and_hands_out_nothing_twice(
    server: requests_mock.Mocker, pagination: Json, status: int
) -> None:
    rows = [{"id": number, "changed": None} for number in range(2500)]
    honest = by_page(rows) if pagination["type"] == "page" else by_offset(rows)

    def response(request: Any, context: Any) -> Any:
        asked = query(request)
        depth = int(asked.get("offset", 0)) or (int(asked.get("page", 1)) - 1) * int(asked.get("per_page", 0))
        if depth < 1500:
            return honest(request, context)
        context.status_code = status
        return {"message": "too deep"}

    server.get(LIST, json=response)
    handed_out: list[int] = []
    chosen = stream(config(invoices(pagination=pagination, cursor_field="changed", since_param="since")))

    with pytest.raises(Failure, match=rf"HTTP {status}.*too deep.*since_param.*range of dates") as caught:
        handed_out.extend(row["id"] for row in chosen.read_records(SyncMode.full_refresh))
    assert ("next_url" in str(caught.value)) is (pagination["type"] == "page" and status in (404, 416))
    assert caught.value.failure_type is FailureType.config_error
    assert handed_out == list(range(len(handed_out)))
    assert len(handed_out) > 1400


HIDDEN = {110, 111, 205}


@pytest.mark.parametrize("left_out", [HIDDEN, {199}, {198, 199}, {249}, set()], ids=str)
@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "offset"},
        {"type": "page"},
        {"type": "page", "size_param": ""},
        {"type": "page", "max_page": 3},
        {"type": "page", "max_page": 5},
    ],
    ids=str,
)
def test_a_short_page_in_the_middle_is_no_end(
    server: requests_mock.Mocker, pagination: Json, left_out: set[int]
) -> None:
    """The API leaves out what the key may not see, after it has cut the page."""
    honest = (
        by_offset(ROWS) if pagination["type"] == "offset" else by_page(ROWS, fixed=pagination.get("size_param") == "")
    )

    def response(request: Any, context: Any) -> Json:
        return {"data": [row for row in honest(request, context)["data"] if row["id"] not in left_out]}

    server.get(LIST, json=response)

    assert set(ids(read(config(invoices(pagination=pagination))))) == set(range(250)) - left_out


@pytest.mark.parametrize("pagination", [{"type": "page"}, {"type": "offset"}], ids=lambda each: each["type"])
def test_an_api_that_breaks_down_in_the_depth_of_a_list_is_read_less_of_at_a_time(
    server: requests_mock.Mocker, pagination: Json
) -> None:
    honest = by_page(ROWS) if pagination["type"] == "page" else by_offset(ROWS)

    def response(request: Any, context: Any) -> Any:
        asked = query(request)
        if max(int(asked.get("offset", 0)), int(asked.get("page", 1)) * 100 - 100) < 150:
            return honest(request, context)
        context.status_code = 500
        return {"message": "out of memory"}

    server.get(LIST, json=response)

    with pytest.raises(Failure, match=r"HTTP 500.*out of memory.*answered up to .*Read less of it at a time") as caught:
        read(config(invoices(pagination=pagination)))
    assert caught.value.failure_type is FailureType.config_error
    server.get(LIST, status_code=500, json={})
    with pytest.raises(Failure, match="vendor's side") as caught:
        read(config(invoices(pagination=pagination)))
    assert caught.value.failure_type is FailureType.transient_error


def test_a_door_that_closes_for_a_while_is_no_depth(server: requests_mock.Mocker) -> None:
    server.get(
        LIST, [{"json": {"data": ROWS[:100]}}, {"status_code": 503, "headers": {"Retry-After": "0.001"}, "json": {}}]
    )

    with pytest.raises(Failure) as caught:
        read(config())
    assert caught.value.failure_type is FailureType.transient_error


@pytest.mark.parametrize("place", ["path", "header"])
@pytest.mark.parametrize("way", ["next_url", "link_header", "cursor"])
def test_a_link_that_is_always_there_does_not_outweigh_a_sign_of_the_end(
    server: requests_mock.Mocker, way: str, place: str
) -> None:
    """As Paddle has it: the last page links to itself."""

    def response(request: Any, context: Any) -> Json:
        start = int(query(request).get("at", "0"))
        more = start + 50 < len(ROWS)
        following = start + 50 if more else start
        context.headers.update({"Link": f'<{LIST}?at={following}>; rel="next"', "X-More": str(more)})
        next_ = str(following) if way == "cursor" else f"?at={following}"
        return {"data": ROWS[start : start + 50], "meta": {"next": next_, "more": more}}

    server.get(LIST, json=response)
    pagination: Json = {
        "next_url": {"type": "next_url", "path": "meta.next"},
        "link_header": {"type": "link_header"},
        "cursor": {"type": "cursor", "cursor_param": "at", "source": "body", "path": "meta.next"},
    }[way]
    sign = {"has_more_path": "meta.more"} if place == "path" else {"has_more_header": "X-More"}

    assert ids(read(config(invoices(pagination={**pagination, **sign})))) == list(range(250))
    with pytest.raises(Failure, match=r"twice, .*Check the pagination of the stream") as caught:
        read(config(invoices(pagination=pagination)))
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize("way", ["offset", "page", "next_url"])
def test_a_total_may_stand_in_a_header(server: requests_mock.Mocker, way: str) -> None:
    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        start = int(asked.get("offset", (int(asked.get("page", "1")) - 1) * int(asked.get("per_page", 100))))
        page = ROWS[start : start + int(asked.get("per_page", 100))]
        # Behind the end it is left out.
        context.headers.update({"X-Total-Count": "251"} if page else {})
        return {"data": page, "next": f"?offset={start + 100}" if start + 100 < len(ROWS) else None}

    server.get(LIST, json=response)
    pagination: Json = {"next_url": {"type": way, "path": "next"}}.get(way, {"type": way})

    with pytest.raises(Failure, match="tells of 251 rows and ends after 250"):
        read(config(invoices(pagination={**pagination, "total_header": "X-Total-Count"})))
    with pytest.raises(Failure, match=r"'X-Count' is nothing where a count should be\. Check pagination\.total_header"):
        read(config(invoices(pagination={**pagination, "total_header": "X-Count"})))


def test_a_cursor_that_the_body_has_no_place_for_is_said_to_have_gone_into_the_query(
    server: requests_mock.Mocker,
) -> None:
    server.post(LIST, json={"data": ROWS[:100], "next": "x"})
    pagination = {"type": "cursor", "cursor_param": "cursor", "source": "body", "path": "next"}

    with pytest.raises(Failure, match="The body has no place for cursor, so it went into the query") as caught:
        read(config(invoices(method="POST", body="{}", pagination=pagination)))
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    "pager",
    [
        {"type": "next_url", "path": "next"},
        {"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"},
    ],
)
def test_no_content_where_another_page_was_promised_is_no_end(server: requests_mock.Mocker, pager: Json) -> None:
    first = {"data": ROWS[:100], "next": f"{LIST}?cursor=2"}
    server.get(LIST, [{"json": first}, {"status_code": 204}])

    with pytest.raises(Failure, match="says that it goes on"):
        read(config(invoices(pagination=pager)))

"""The configurable platform: lists by page, by offset and by cursor."""

from __future__ import annotations

from typing import Any

import pytest
import requests_mock

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
)


def pages_asked(server: requests_mock.Mocker) -> list[tuple[int, int]]:
    """Page and size of each request; the size is 0 where none was named."""
    asked = [query(request) for request in server.request_history]
    return [(int(pair["page"]), int(pair.get("per_page", 0))) for pair in asked]


OVERLAPPING = [(1, 100), (2, 99), (3, 98)]
# Behind a short page that nothing calls the last, one more request is made.
BEHIND = (4, 83)


@pytest.mark.parametrize(
    ("pagination", "pages"),
    [
        ({"type": "page"}, [*OVERLAPPING, BEHIND]),
        ({"type": "page", "start_page": 0}, [(number - 1, size) for number, size in (*OVERLAPPING, BEHIND)]),
        ({"type": "page", "total_pages_path": "meta.pages"}, OVERLAPPING),
        ({"type": "page", "total_path": "meta.total"}, OVERLAPPING),
        ({"type": "page", "max_page": 3}, [(number, 100) for number in (1, 2, 3, 1, 2, 3)]),
        ({"type": "page", "size_param": ""}, [(number, 0) for number in (1, 2, 3, 4, 1, 2, 3, 4)]),
    ],
    ids=["plain", "from zero", "number of pages", "total", "under a ceiling", "no size"],
)
def test_pages_are_read_to_the_end(
    server: requests_mock.Mocker, pagination: Json, pages: list[tuple[int, int]]
) -> None:
    server.get(LIST, json=by_page(ROWS, first=pagination.get("start_page", 1)))

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))
    assert pages_asked(server) == pages


def test_pages_whose_size_cannot_be_chosen_are_read_until_two_passes_agree(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_page(ROWS, fixed=True))

    assert ids(read(config(invoices(pagination={"type": "page"})))) == list(range(250))
    assert [page for page, _ in pages_asked(server)] == [1, 2, 1, 2, 3, 4, 1, 2, 3, 4]


@pytest.mark.parametrize("fixed", [False, True], ids=["capped", "fixed"])
@pytest.mark.parametrize("cap", [20, 40])
@pytest.mark.parametrize("count", [39, 40, 41, 100])
def test_pages_that_are_silently_shorter_are_read_to_the_end(
    server: requests_mock.Mocker, count: int, cap: int, fixed: bool
) -> None:
    """Each customer in turn: what the first list taught about the pages must not cut the second one short."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_page(ROWS[:count], cap, fixed=fixed))
    values = config(CUSTOMERS, {**CHILD, "pagination": {"type": "page"}})

    assert set(map(tuple, (row.items() for row in read(values, "notes")))) == {
        tuple({**row, "customer_id": customer}.items()) for customer in (1, 2) for row in ROWS[:count]
    }


def test_a_limit_that_is_silently_lowered_is_noticed(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS, cap=40))

    assert ids(read(config())) == list(range(250))


def test_a_cursor_is_the_last_id(server: requests_mock.Mocker) -> None:
    def response(request: Any, context: Any) -> Json:
        after = int(query(request).get("after", -1)) + 1
        return {"data": ROWS[after : after + 100], "more": after + 100 < len(ROWS)}

    server.get(LIST, json=response)
    pagination = {"type": "cursor", "cursor_param": "after", "has_more_path": "more"}

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))
    assert [query(request).get("after") for request in server.request_history] == [None, "99", "199"]


def test_a_cursor_in_the_body_ends_where_it_is_missing(server: requests_mock.Mocker) -> None:
    server.get(
        LIST,
        [
            {"json": {"data": ROWS[:2], "meta": {"next": "abc"}}},
            {"json": {"data": [], "meta": {"next": "def"}}},
            {"json": {"data": ROWS[2:3], "meta": {}}},
        ],
    )
    pagination = {"type": "cursor", "cursor_param": "after", "source": "body", "path": "meta.next"}

    assert ids(read(config(invoices(pagination=pagination)))) == [0, 1, 2]
    assert query(server.request_history[1])["after"] == "abc"

"""Details of which a hundred come with one request, and what stands in the way of that."""

from __future__ import annotations

from typing import Any

import pytest

from unit_tests.zoho.details import Documents, Outcome, Row, answer_tokens, sync
from unit_tests.zoho.helpers import US_BOOKS, Mock

LINES, WHOLE = "sales_order_line_items", "sales_order_details"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BUDGET_SCALE", "0")


@pytest.fixture
def items(http: Mock) -> Documents:
    """Two hundred and fifty of them."""
    answer_tokens(http)
    return _filled(Documents("items", "item_id", "item", "price_brackets", bulk=("itemdetails", "item_ids")), 250)


@pytest.fixture
def orders(http: Mock) -> Documents:
    """Twenty sales orders, whose bulk form is that of their list."""
    answer_tokens(http)
    return _filled(Documents("salesorders", "salesorder_id", "salesorder"), 20)


def _filled(documents: Documents, count: int) -> Documents:
    for key in range(count):
        documents.add(key, 10 * key)
    return documents


def keys(outcome: Outcome, name: str, key: str) -> list[str]:
    return sorted({record[key] for record in outcome.records[name]})


def several(orders: Documents, http: Mock, answer: Any) -> None:
    """Answer requests for the list that name ids."""
    listed = orders.serve(http)

    def respond(request: Any, context: Any) -> Row:
        if "salesorder_ids" not in request.qs:
            return listed(request, context)
        orders.calls += 1
        return dict(answer(request.qs["salesorder_ids"][0].split(","), context))

    http.get(f"{US_BOOKS}/salesorders", json=respond)


@pytest.mark.parametrize("workers", [1, 8])
def test_a_hundred_items_come_with_one_request(http: Mock, items: Documents, workers: int) -> None:
    items.serve(http)

    first = sync("item_details", workers=workers)
    again = sync("item_details", workers=workers, state=first.state)

    assert keys(first, "item_details", "item_id") == [f"{key:03}" for key in range(250)]
    assert items.calls == 3
    assert again.records == {}


@pytest.mark.parametrize("gone", [[0], [7, 8], [3, 90, 160], list(range(100, 200))])
def test_items_that_vanished_take_no_others_along(http: Mock, items: Documents, gone: list[int]) -> None:
    listed = list(items.rows)
    for key in gone:
        items.remove(key)
    items.serve(http, listed)

    outcome = sync("item_details")

    assert keys(outcome, "item_details", "item_id") == [f"{key:03}" for key in range(250) if key not in gone]
    assert outcome.statuses == {"item_details": "COMPLETE"}
    assert outcome.state["item_details"] == {"last_modified_time": "2025-06-15T15:48:11Z"}
    assert items.calls <= 3 + 2 * 7 * len(gone)


def test_a_bulk_request_is_one_call(http: Mock, items: Documents) -> None:
    items.serve(http)

    outcome = sync("item_details", detail_calls_per_sync=2)
    rest = sync("item_details", detail_calls_per_sync=2, state=outcome.state)

    assert len(outcome.records["item_details"]) == 200
    assert len(rest.records["item_details"]) == 50
    assert items.calls == 3


@pytest.mark.parametrize("refusal", [(404, 5), (400, 2), (401, 57)])
def test_items_that_cannot_be_asked_for_at_once_come_one_by_one(
    http: Mock, items: Documents, refusal: tuple[int, int]
) -> None:
    status, code = refusal
    items.tamper = lambda key, before, body: (status, {"code": code}) if "," in key else (before, body)
    items.serve(http)

    outcome = sync("item_details", workers=2)
    bounded = sync("item_details", detail_calls_per_sync=1)

    assert keys(outcome, "item_details", "item_id") == [f"{key:03}" for key in range(250)]
    assert len(bounded.records["item_details"]) == 1
    assert "detail_calls_per_sync" in bounded.logged[-2]


def test_sales_orders_that_a_response_does_not_hold_are_asked_for_again(http: Mock, orders: Documents) -> None:
    """As if a page had room for seven; one of them is gone."""
    several(orders, http, lambda ids, _: {"code": 0, "salesorders": [x for x in map(orders.whole, ids) if x][:7]})
    orders.remove(11)

    outcome = sync(LINES, WHOLE)

    expected = [f"{key:03}" for key in range(20) if key != 11]
    assert keys(outcome, LINES, "salesorder_id") == keys(outcome, WHOLE, "salesorder_id") == expected
    assert orders.asked == ["011"]
    assert orders.calls == 4
    assert set(outcome.statuses.values()) == {"COMPLETE"}


@pytest.mark.parametrize("answer", ["all of them", "without lines", "nothing"])
def test_a_parameter_that_is_ignored_makes_no_silent_half(http: Mock, orders: Documents, answer: str) -> None:
    others = [{"salesorder_id": "777", "line_items": []}]
    bare = {"all of them": [*orders.rows, *others], "without lines": orders.rows, "nothing": []}[answer]
    several(orders, http, lambda ids, _: {"code": 0, "salesorders": bare})

    outcome = sync(LINES, WHOLE)

    assert keys(outcome, LINES, "salesorder_id") == [f"{key:03}" for key in range(20)]
    assert len(outcome.records[WHOLE]) == 20
    assert set(outcome.statuses.values()) == {"COMPLETE"}

"""The configurable platform: lists of each parent."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteStream, DestinationSyncMode, SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import (
    BASE,
    CHILD,
    CUSTOMERS,
    ROWS,
    Json,
    by_offset,
    by_page,
    config,
    ids,
    query,
    read,
    read_stream,
    stream,
)

WINDOW: Json = {"days": 3650, "from_param": "from", "to_param": "to"}


def test_lists_of_customers_carry_the_customer(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": "b/2"}, {"id": "a"}]})
    server.get(f"{BASE}/v1/customers/a/notes", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/b%2F2/notes", json={"data": [{"id": 2}]})

    assert read(config(CHILD, CUSTOMERS), "notes") == [{"id": 1, "customer_id": "a"}, {"id": 2, "customer_id": "b/2"}]


def test_a_customer_has_one_id_in_its_record_and_in_its_lists(server: requests_mock.Mocker) -> None:
    """A state with an id as text would leave out all parents whose ids are numbers."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 7}]})
    values = config({**CUSTOMERS, "json_schema": '{"properties": {"id": {"type": "string"}}}'}, CHILD)

    assert ids(read(values, "customers")) == ["1"]
    assert read(values, "notes") == [{"id": 7, "customer_id": "1"}]


def test_a_customer_that_vanished_has_no_lists_and_a_wrong_path_is_told(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/2/notes", status_code=404, json={})
    assert ids(read(config(CUSTOMERS, CHILD), "notes")) == [1]

    server.get(f"{BASE}/v1/customers/1/notes", status_code=404, json={})
    with pytest.raises(Failure, match="404"):
        read(config(CUSTOMERS, CHILD), "notes")


@pytest.mark.parametrize("with_list", [{3, 6}, {6}, {1}], ids=str)
def test_parents_without_a_list_cost_one_request_each(server: requests_mock.Mocker, with_list: set[int]) -> None:
    """Wherever the first one is that has a list."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(1, 7)]})
    for number in range(1, 7):
        found: Json = {"json": {"data": [{"id": number * 10}]}} if number in with_list else {"status_code": 404}
        server.get(f"{BASE}/v1/customers/{number}/notes", **found)

    chosen = stream(config(CUSTOMERS, CHILD), "notes")

    assert ids(read_stream(chosen)) == [number * 10 for number in sorted(with_list)]
    assert len(server.request_history) == 1 + 6
    assert chosen.state == {"customer_id": 6}


def test_parents_are_not_done_while_no_list_was_seen(server: requests_mock.Mocker) -> None:
    """With the path put right, the next sync has to read them all."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(500)]})
    server.get(re.compile("/notes"), status_code=404)
    chosen = stream(config(CUSTOMERS, CHILD), "notes")

    with pytest.raises(Failure, match=r"HTTP 404.*all 100 parents asked about"):
        read_stream(chosen)
    assert chosen.state == {}
    assert len(server.request_history) == 1 + 100


def test_a_list_whose_later_page_is_missing_is_not_that_of_a_parent_without_one(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes?page=1", json={"data": ROWS[:100], "total": 130})
    server.get(f"{BASE}/v1/customers/1/notes?page=2", status_code=404)

    with pytest.raises(Failure, match="HTTP 404"):
        read(config(CUSTOMERS, {**CHILD, "pagination": {"type": "page", "total_path": "total"}}), "notes")


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"cursor_field": "at", "since_param": "since"}, ""),
        ({"cursor": "sync_start", "since_param": "since"}, ""),
        ({"cursor_field": "at", "window": {**WINDOW, "first": "2020-01-01"}}, "2020-01-01"),
        ({"cursor": "sync_start", "window": {**WINDOW, "first": "2020-01-01"}}, "2020-01-01"),
        ({"cursor_field": "at", "window": WINDOW}, "2024-01-01"),
    ],
    ids=["record", "sync start", "window", "sync start, window", "window without a first"],
)
def test_a_start_date_hides_no_parents(server: requests_mock.Mocker, more: Json, asked: str) -> None:
    """Where nothing else says where windows begin, they begin at the start date."""
    parents: list[Json] = [{"id": 1, "at": "2020-01-01T00:00:00Z"}, {"id": 2, "at": "2024-06-01T00:00:00Z"}]

    def listed(request: Any, context: Any) -> Json:
        since = query(request).get("since") or query(request).get("from", "")
        return {"data": [row for row in parents if row["at"] >= since]}

    server.get(f"{BASE}/v1/customers", json=listed)
    server.get(re.compile("/notes"), json={"data": [{"id": 7}]})
    key = {"primary_key": ["customer_id", "id"]}
    values = {**config({**CUSTOMERS, **more}, {**CHILD, **key}), "start_date": "2024-01-01"}

    read_parents = [row["customer_id"] for row in read(values, "notes")]

    assert read_parents == ([2] if asked == "2024-01-01" else [1, 2])
    first = query(server.request_history[0])
    assert first.get("since", first.get("from", "")) == asked


@pytest.mark.parametrize("start_date", ["", "2024-01-01T00:00:00Z"])
def test_parents_that_are_read_in_the_same_sync_are_read_once(server: requests_mock.Mocker, start_date: str) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 7}]})
    values = {**config(CUSTOMERS, CHILD), "start_date": start_date}
    source = SourceInvoicing()
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(each.as_airbyte_stream(), SyncMode.full_refresh, DestinationSyncMode.append)
            for each in source.streams(values)
        ]
    )
    server.reset_mock()

    messages = list(source.read(logging.getLogger("airbyte"), values, catalog))

    assert [message.record.data["id"] for message in messages if message.record] == [1, 7]
    assert [request.path for request in server.request_history] == ["/v1/customers", "/v1/customers/1/notes"]


def test_rows_may_be_told_apart_by_their_parent(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_offset([{"no": n} for n in range(150)]))
    values = config(CUSTOMERS, {**CHILD, "primary_key": ["customer_id", "no"], "pagination": {"type": "offset"}})

    found = [(row["customer_id"], row["no"]) for row in read(values, "notes")]

    assert found == [(customer, number) for customer in (1, 2) for number in range(150)]
    required = stream(values, "notes").get_json_schema()["required"]
    assert set(required) == {"customer_id", "no"}


def test_short_lists_cost_one_request_each_once_a_longer_one_was_seen(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(10)]})
    for customer in range(10):
        rows = ROWS[: 10 - customer]
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_page(rows))
    values = config(CUSTOMERS, {**CHILD, "pagination": {"type": "page", "size_param": ""}})

    assert len(read(values, "notes")) == 55
    assert len(server.request_history) == 1 + 2 * 2 + 9


# -- parents of parents, and cursors ----------------------------------------------------------------------------------

NONE: Json = {"type": "none"}
DIVISIONS: Json = {"name": "divisions", "path": "/divisions", "pagination": NONE}
ORDERS: Json = {"name": "orders", "path": "/{id}/orders", "parent": {"stream": "divisions"}, "pagination": NONE}
LINES: Json = {"name": "lines", "path": "/{parent}/orders/{id}/lines", "parent": {"stream": "orders"}}
TAXES: Json = {"name": "taxes", "path": "/taxes/{id}", "parent": {"stream": "lines", "field": "line"}}
THREE_LEVELS: Json = {
    "/divisions": [{"id": "b/1"}, {"id": "a"}],
    "/b%2F1/orders": [{"id": 1}],
    "/a/orders": [{"id": 1}, {"id": 2}],
    "/b%2F1/orders/1/lines": [{"id": 10}],
    "/a/orders/1/lines": [{"id": 11}, {"id": 12}],
    "/taxes/10": [{"id": 100}],
    "/taxes/12": [{"id": 120}],
}


def by_path(lists: Json) -> Callable[[Any, Any], Json]:
    """A server of lists by path; those that are not there are not found."""

    def response(request: Any, context: Any) -> Json:
        path = urlsplit(request.url).path
        context.status_code = 200 if path in lists else 404
        return {"data": lists.get(path)}

    return response


@pytest.fixture
def three_levels(server: requests_mock.Mocker) -> requests_mock.Mocker:
    server.get(requests_mock.ANY, json=by_path(THREE_LEVELS))
    return server


FOUND: dict[str, list[tuple[Any, ...]]] = {
    "orders": [(1, "a"), (2, "a"), (1, "b/1")],
    "lines": [(11, 1, "a"), (12, 1, "a"), (10, 1, "b/1")],
    "taxes": [(120, 12, 1, "a"), (100, 10, 1, "b/1")],
}


@pytest.mark.parametrize("order", [1, -1], ids=["parents first", "children first"])
def test_a_parent_may_have_a_parent(three_levels: requests_mock.Mocker, order: int) -> None:
    """Ids may be unique only among those of the same parent."""
    fields = {"orders": ("divisions_id",), "lines": ("orders_id", "divisions_id")}
    fields["taxes"] = ("line", *fields["lines"])
    for name, rows in FOUND.items():
        values = config(*[DIVISIONS, ORDERS, {**LINES, "pagination": NONE}, {**TAXES, "pagination": NONE}][::order])
        found = read(values, name)
        assert [tuple(row[field] for field in ("id", *fields[name])) for row in found] == rows


def test_all_levels_are_read_in_one_sync_each_list_once(three_levels: requests_mock.Mocker) -> None:
    values = config(DIVISIONS, ORDERS, {**LINES, "pagination": NONE}, {**TAXES, "pagination": NONE})
    source = SourceInvoicing()
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=each, sync_mode=SyncMode.full_refresh, destination_sync_mode=DestinationSyncMode.overwrite
            )
            for each in source.discover(logging.getLogger(), values).streams
        ]
    )
    three_levels.reset_mock()

    records = [
        message.record for message in source.read(logging.getLogger(), values, catalog) if message.record is not None
    ]

    assert {name: len(rows) for name, rows in FOUND.items()} == {
        name: sum(record.stream == name for record in records) for name in FOUND
    }
    paths = [urlsplit(request.url).path for request in three_levels.request_history]
    assert len(paths) == len(set(paths))


def test_a_grandchild_goes_on_where_it_was_left(three_levels: requests_mock.Mocker) -> None:
    values = config(DIVISIONS, ORDERS, {**LINES, "pagination": NONE})

    rows = read(values, "lines", state={"orders_id": '["a", 2]'})
    assert [(row["id"], row["divisions_id"]) for row in rows] == [(10, "b/1")]


CHANGED: Json = {**CHILD, "cursor_field": "at", "since_param": "since"}


def notes(*days: int) -> list[Json]:
    return [{"id": day, "at": f"2026-01-{day:02}T00:00:00Z"} for day in days]


@pytest.fixture
def dated(server: requests_mock.Mocker) -> requests_mock.Mocker:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}, {"id": 3}]})
    for customer, rows in ((1, notes(3, 9)), (2, notes(5)), (3, [])):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json={"data": rows})
    return server


def test_lists_of_customers_with_a_cursor_are_asked_for_changes(dated: requests_mock.Mocker) -> None:
    chosen = stream(config(CUSTOMERS, CHANGED), "notes")

    assert ids(read_stream(chosen)) == [3, 9, 5]
    chosen.progress.finish()
    assert chosen.state == {"at": "2026-01-09T00:00:00Z"}
    assert chosen.as_airbyte_stream().source_defined_cursor
    dated.reset_mock()
    assert ids(read(config(CUSTOMERS, CHANGED), "notes", chosen.state)) == [9]
    asked = [request for request in dated.request_history if "notes" in request.path]
    assert {query(request).get("since") for request in asked[:1]} == {"2026-01-08T23:59:59Z"}


def test_lists_of_customers_with_a_cursor_go_on_where_they_were_left(dated: requests_mock.Mocker) -> None:
    values = config(CUSTOMERS, CHANGED)
    left = stream(values, "notes")
    slices = iter(left.stream_slices(sync_mode=SyncMode.incremental))
    for _ in range(2):
        list(left.read_records(SyncMode.incremental, stream_slice=next(slices)))
    state = dict(left.state)
    began = state.pop("began")
    assert state == {"customer_id": 2}

    resumed = stream(values, "notes")
    resumed.state = {**state, "began": began}
    dated.get(f"{BASE}/v1/customers/3/notes", json={"data": notes(30)})
    assert ids(read_stream(resumed)) == [30]
    resumed.progress.finish()
    assert resumed.state == {"at": "2026-01-30T00:00:00Z"}


@pytest.mark.parametrize("state", [{"customer_id": 2}, {"__ab_no_cursor_state_message": True}], ids=str)
def test_a_state_of_before_there_was_a_cursor_is_gone_on_with(dated: requests_mock.Mocker, state: Json) -> None:
    chosen = stream(config(CUSTOMERS, CHANGED), "notes")
    chosen.state = state

    came = ids(read_stream(chosen))
    chosen.progress.finish()
    nothing: tuple[list[int], Json] = ([], {"__ab_no_cursor_state_message": True})
    # What was read before may have changed since, so nothing is promised yet.
    assert (came, chosen.state) == (nothing if "customer_id" in state else ([3, 9, 5], {"at": "2026-01-09T00:00:00Z"}))


def test_lists_of_customers_whose_records_have_no_time_begin_at_the_start_of_the_last_sync(
    dated: requests_mock.Mocker,
) -> None:
    values = config(CUSTOMERS, {**CHILD, "cursor": "sync_start", "since_param": "since"})
    chosen = stream(values, "notes")
    assert ids(read_stream(chosen)) == [3, 9, 5]
    chosen.progress.finish()
    state = dict(chosen.state)
    dated.reset_mock()

    read(values, "notes", state)

    assert state.keys() == {"_synced_at"}
    asked = [query(request)["since"] for request in dated.request_history if "notes" in request.path]
    assert len(asked) == 3
    assert set(asked) == {min(asked)}
    assert asked[0] < state["_synced_at"]


@pytest.mark.parametrize("status", [404, 416])
def test_lists_of_one_path_end_each_for_itself(server: requests_mock.Mocker, status: int) -> None:
    """The page behind the last one may be missing, whatever another list of the same path has shown meanwhile."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})

    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        if int(asked["page"]) > 1:
            context.status_code = status
        return {"data": [{"id": 10 * int(asked["customer"]) + row} for row in range(3)]}

    server.get(f"{BASE}/v1/notes", json=response)
    params = [{"name": "customer", "value": "{id}"}]
    declared = {**CHILD, "path": "/v1/notes", "params": params, "pagination": {"type": "page", "size_param": ""}}
    chosen = stream(config(CUSTOMERS, declared), "notes")
    lists = [iter(chosen.read_records(SyncMode.full_refresh, stream_slice={"customer_id": each})) for each in (1, 2)]

    rows = [next(each) for each in lists] + [row for each in lists for row in each]

    assert sorted(ids(rows)) == [10, 11, 12, 20, 21, 22]
    server.get(f"{BASE}/v1/notes", status_code=400, json={})
    with pytest.raises(Failure, match=r"HTTP 400 for /v1/notes \(id 1\)"):
        read(config(CUSTOMERS, declared), "notes")

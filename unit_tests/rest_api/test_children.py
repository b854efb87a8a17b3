"""The configurable platform: lists of each parent."""

from __future__ import annotations

import logging
import re

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
    read,
    read_stream,
    stream,
)


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

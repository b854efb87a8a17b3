"""The configurable platform: schemas, inferred and given."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import SyncMode
from jsonschema import Draft7Validator

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.platforms.rest_api.schema import infer
from source_invoicing.streams.normalise import ADDITIONAL_PROPERTIES as ADDITIONAL
from unit_tests.rest_api.helpers import (
    BASE,
    CHILD,
    CUSTOMERS,
    LIST,
    ROWS,
    Json,
    by_offset,
    config,
    invoices,
    read,
    stream,
)


def test_a_schema_is_inferred_from_the_first_page(server: requests_mock.Mocker) -> None:
    rows = [
        {"id": 1, "total": 100, "note": None, "customer": {"name": "A", "age": None}, "lines": [{"price": 5}]},
        {"id": 2, "total": 99.5, "note": "x", "customer": None, "lines": []},
    ]
    server.get(LIST, json={"data": rows})

    schema = stream(config()).get_json_schema()

    assert schema["properties"]["id"] == {"type": "integer"}
    assert schema["required"] == ["id"]
    assert schema["properties"]["total"] == {"type": ["null", "number"]}
    assert schema["properties"]["note"] == {"type": ["null", "string"]}
    assert schema["properties"]["customer"]["type"] == ["null", "object"]
    assert schema["properties"]["lines"]["items"]["properties"]["price"] == {"type": ["null", "number"]}
    assert len(server.request_history) == 1


EVERY_TYPE = ["null", "boolean", "number", "string", "object", "array"]


def test_a_field_without_a_value_yet_may_become_anything() -> None:
    rows: list[Json] = [
        {
            "id": 1,
            "paid_at": None,
            "customer": {"vat": None},
            "lines": [{"note": None}, {"note": None}],
            "tags": [None],
        },
        {"id": 2, "customer": None, "lines": []},
    ]

    properties = infer(rows, ["id"])["properties"]

    assert properties["paid_at"] == {"type": EVERY_TYPE}
    assert properties["customer"]["properties"]["vat"] == {"type": EVERY_TYPE}
    assert properties["lines"]["items"]["properties"]["note"] == {"type": EVERY_TYPE}
    assert properties["tags"]["items"] == {"type": EVERY_TYPE}


def test_a_value_that_comes_later_fits_the_column_that_was_offered(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1, "paid_at": None}]})
    values = config(invoices(pagination={"type": "none"}))
    offered = stream(values).get_json_schema()
    later: list[Any] = ["2026-01-01", 5, 5.5, True, {"a": [1]}, ["x"], ""]
    server.get(LIST, json={"data": [{"id": number, "paid_at": value} for number, value in enumerate(later)]})
    chosen = stream(values)
    chosen.use_schema(offered)

    records = list(chosen.read_records(SyncMode.full_refresh))

    assert [record["paid_at"] for record in records] == later
    Draft7Validator(offered).validate(records[0])


@pytest.mark.parametrize(
    ("ids", "schema"),
    [
        ([1, 2**60], {"type": "integer"}),
        ([1, 2.5], {"type": "number"}),
        (["a", "b"], {"type": "string"}),
        ([1, "b"], {"type": ["number", "string"]}),
    ],
    ids=str,
)
def test_a_key_of_whole_numbers_is_an_integer(ids: list[Any], schema: Json) -> None:
    assert infer([{"id": each, "amount": 5} for each in ids], ["id"])["properties"] == {
        "id": schema,
        "amount": {"type": ["null", "number"]},
    }


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "offset"},
        {"type": "page"},
        {"type": "cursor", "cursor_param": "after", "has_more_path": "more"},
        {"type": "next_url", "path": "next"},
    ],
    ids=lambda each: each["type"],
)
def test_a_schema_is_inferred_from_the_first_three_pages(server: requests_mock.Mocker, pagination: Json) -> None:
    pages: list[Json] = [
        {
            "data": [{"id": 100 * page + row, f"field_{page}": 1} for row in range(100)],
            "more": True,
            "next": f"?p={page}",
        }
        for page in range(5)
    ]
    server.get(LIST, [{"json": page} for page in pages])

    schema = stream(config(invoices(pagination=pagination))).get_json_schema()

    assert schema["properties"].keys() == {"id", "field_0", "field_1", "field_2", ADDITIONAL}
    assert len(server.request_history) == 3


def test_a_further_page_that_cannot_be_read_does_not_hide_the_first(server: requests_mock.Mocker) -> None:
    server.get(LIST, [{"json": {"data": ROWS[:100]}}, {"status_code": 400, "json": {}}])

    assert stream(config()).get_json_schema()["properties"].keys() == {"id", "total", ADDITIONAL}


def test_a_schema_is_the_same_from_run_to_run_and_has_no_combinators() -> None:
    rows: list[Json] = [{"id": 1, "a": [1, "x", {"b": True}]}, {"id": 2, "a": {"c": 1}}, {"id": "3", "a": "text"}]

    first, second = infer(rows, ["id"]), infer(rows, ["id"])

    assert json.dumps(first) == json.dumps(second)
    assert not any(word in json.dumps(first) for word in ("anyOf", "allOf", "oneOf", "not", "integer"))
    assert first["properties"]["a"]["type"] == ["null", "string", "object", "array"]


def test_an_empty_list_has_a_schema_with_its_key() -> None:
    assert infer([], ["Invoice.id"], ["at"])["properties"].keys() == {"Invoice", "at"}


@pytest.mark.parametrize("status", [402, 403, 404])
def test_a_list_that_may_not_be_read_does_not_hide_one_whose_schema_is_given(
    server: requests_mock.Mocker, status: int
) -> None:
    server.get(LIST, status_code=status, json={})
    given = {**CUSTOMERS, "json_schema": '{"properties": {"id": {}, "name": {}}}'}

    catalog = SourceInvoicing().discover(logging.getLogger(), config(given, invoices()))

    assert {len(each.json_schema["properties"]) for each in catalog.streams} == {2, 3}


@pytest.mark.parametrize(
    "refusal",
    [
        {"status_code": 400, "json": {"error": "bad filter"}},
        {"status_code": 401, "json": {}},
        {"status_code": 403, "json": {}},
        {"status_code": 404, "json": {}},
        {"status_code": 500, "json": {}},
        {"json": {"items": []}},
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_one_list_that_cannot_be_read_does_not_hide_the_others_and_all_of_them_fail(
    server: requests_mock.Mocker, refusal: Json, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, **refusal)
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1, "name": "A"}]})
    declared = [invoices(), CUSTOMERS] if first else [CUSTOMERS, invoices()]

    catalog = SourceInvoicing().discover(logging.getLogger(), config(*declared))

    assert {len(each.json_schema["properties"]) for each in catalog.streams} == {2, 3}
    assert "Stream invoices: its schema stays open" in caplog.text
    server.get(f"{BASE}/v1/customers", **refusal)
    with pytest.raises(Failure, match=f"^Stream {declared[0]['name']}: The "):
        SourceInvoicing().discover(logging.getLogger(), config(*declared))


def test_discover_looks_at_the_lists_of_some_parents_until_one_has_rows(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json=by_offset(ROWS))
    server.get(re.compile("/notes"), json={"data": []})
    server.get(f"{BASE}/v1/customers/0/notes", status_code=404)
    server.get(f"{BASE}/v1/customers/195/notes", json={"data": [{"id": 1, "text": "x"}]})
    # From all over the 250 customers of the first three pages.
    customers = {"name": "customers", "path": "/v1/customers"}

    catalog = SourceInvoicing().discover(logging.getLogger(), config(customers, CHILD, {**CHILD, "name": "others"}))

    assert [set(each.json_schema["properties"]) for each in catalog.streams[1:]] == [
        {"id", "text", "customer_id", ADDITIONAL}
    ] * 2
    assert [request.path.count("/notes") for request in server.request_history].count(0) == 3
    assert len(server.request_history) == 3 + 16 + 16


def test_discover_says_where_fields_go_of_a_stream_that_shows_no_record(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(f"{BASE}/v1/customers", json=by_offset(ROWS))
    server.get(re.compile("/notes"), json={"data": []})
    server.get(LIST, json={"data": [{"id": 1, "items": []}]})
    lines = {"name": "lines", "from": "invoices", "expand": "items"}
    customers = {"name": "customers", "path": "/v1/customers"}

    SourceInvoicing().discover(logging.getLogger(), config(customers, CHILD, invoices(), lines))

    silent = [record.getMessage() for record in caplog.records if "shows no record yet" in record.msg]
    assert [message.partition(":")[0] for message in silent] == ["Stream notes", "Stream lines"]
    assert sum("/notes" in request.path for request in server.request_history) == 20


def test_a_given_schema_is_used_and_costs_nothing(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 5, "total": "1.50"}]})
    schema = '{"properties": {"id": {"type": "string"}, "total": {"type": ["null", "number"]}}}'
    values = config(invoices(json_schema=schema, pagination={"type": "none"}))

    assert stream(values).get_json_schema()["properties"]["id"] == {"type": "string"}
    assert not server.request_history
    assert read(values) == [{"id": "5", "total": 1.5}]


def test_records_fit_the_schema_that_the_connection_has_stored(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 5}]})
    chosen = stream(config(invoices(pagination={"type": "none"})))
    chosen.use_schema({"properties": {"id": {"type": "string"}}})

    assert list(chosen.read_records(SyncMode.full_refresh)) == [{"id": "5"}]


def test_fields_that_the_stored_schema_does_not_declare_are_kept_beside_it(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 5, "updated_at": "2024-01-01", "colour": "red"}]})
    values = config(invoices(cursor_field="updated_at", pagination={"type": "none"}))
    stored, empty, unstored = stream(values), stream(values), stream(values)
    stored.use_schema({"properties": {"total": {"type": ["null", "number"]}}})
    empty.use_schema({})

    kept = {"id": 5, "updated_at": "2024-01-01"}
    assert list(stored.read_records(SyncMode.full_refresh)) == [{**kept, ADDITIONAL: {"colour": "red"}}]
    for each in (empty, unstored):
        assert list(each.read_records(SyncMode.full_refresh)) == [{**kept, "colour": "red"}]

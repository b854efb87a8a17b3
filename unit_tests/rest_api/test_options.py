"""The configurable platform: configurations as forms write them, and as people misspell them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from unit_tests.rest_api.helpers import LIST, Json, config, invoices, read

CUSTOMERS: Json = {"name": "customers", "path": "/v1/customers"}
NOTES: Json = {"name": "notes", "path": "/v1/customers/{id}/notes", "parent": {"stream": "customers"}}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker(case_sensitive=True) as mocker:
        mocker.get(LIST, json={"data": []})
        yield mocker


# -- what a form fills in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parent", [{}, {"key": "id"}, {"key": "id", "stream": ""}, {"stream": " ", "field": ""}, {"stream": None}], ids=str
)
def test_a_parent_without_a_stream_is_none(server: requests_mock.Mocker, parent: Json) -> None:
    assert read(config(invoices(parent=parent))) == []
    succeeded, said = SourceInvoicing().check_connection(
        logging.getLogger(), config(invoices(path="/v1/customers/{id}/invoices", parent=parent))
    )
    assert not succeeded
    assert said == "platform.streams[0].path holds {id}, but the stream names no parent."


def test_no_object_that_may_be_left_out_has_members_that_may_not() -> None:
    """Airbyte's form fills in each object, and then demands what the object demands."""
    form = SourceInvoicing().spec(logging.getLogger()).connectionSpecification

    assert list(demanding(form, "", needed=True)) == []


def demanding(schema: Mapping[str, Any], path: str, needed: bool) -> Iterator[str]:
    """Paths of objects with required members, that are not required themselves. A choice comes with its type."""
    if schema.get("required") and not needed:
        yield path
    for choice in schema.get("oneOf", ()):
        yield from demanding(choice, path, needed=True)
    for name, member in schema.get("properties", {}).items():
        yield from demanding(member, f"{path}.{name}", needed=name in schema.get("required", ()))
    if isinstance(schema.get("items"), Mapping):
        yield from demanding(schema["items"], f"{path}[]", needed=True)


@pytest.mark.parametrize(
    ("prefix", "sent"),
    [
        ("Token", "Token key1"),
        ("Token ", "Token key1"),
        ("v2", "v2 key1"),
        ("Token token=", "Token token=key1"),
        ("key:", "key:key1"),
        ("", "key1"),
    ],
)
def test_a_blank_goes_between_a_word_and_the_key(server: requests_mock.Mocker, prefix: str, sent: str) -> None:
    """Airbyte's form cuts off the one that is typed."""
    auth = {"type": "api_key", "location": "header", "name": "Authorization", "value": "key1", "prefix": prefix}

    read(config(auth=auth))

    header = server.request_history[0].headers["Authorization"]
    assert (header.decode() if isinstance(header, bytes) else header) == sent


# -- what people misspell ---------------------------------------------------------------------------------------------


def warnings(values: Json, caplog: pytest.LogCaptureFixture) -> list[str]:
    SourceInvoicing().streams(values)
    return [record.message for record in caplog.records]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (config(hedaers=[]), ["platform.hedaers is not known there and is ignored; the nearest property is headers."]),
        (
            config(invoices(recordpath="x")),
            ["platform.streams[0].recordpath is not known there and is ignored; the nearest property is record_path."],
        ),
        (
            config(invoices(pagination={"type": "page", "total": "total"})),
            [
                "platform.streams[0].pagination.total is not known there and is ignored; the nearest property is "
                "total_path."
            ],
        ),
        (
            config(invoices(pagination={"type": "next_url", "path": "next", "max_page": 7})),
            [
                "platform.streams[0].pagination.max_page is not known there and is ignored; the properties there are "
                "has_more_header, has_more_path, header, path, total_header, total_path, type."
            ],
        ),
        (
            config(auth={"type": "bearer", "token": "x", "prefx": "y"}),
            ["platform.auth.prefx is not known there and is ignored; the properties there are token, type."],
        ),
        (
            config(CUSTOMERS, {**NOTES, "parent": {"stream": "customers", "feild": "x"}}),
            ["platform.streams[1].parent.feild is not known there and is ignored; the nearest property is field."],
        ),
        (
            config(invoices(params=[{"name": "a", "valeu": "b"}]), rate={"calls": 1, "per_seconds": 1, "burst": 2}),
            [
                "platform.rate.burst is not known there and is ignored; the properties there are calls, per_seconds, "
                "too_many_statuses.",
                "platform.streams[0].params[0].valeu is not known there and is ignored; the nearest property is value.",
            ],
        ),
        (
            config(**{"\ud800": 1}),
            [
                "platform.\\ud800 is not known there and is ignored; the properties there are auth, base_url, "
                "headers, name, product, rate, secret_headers, streams."
            ],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_property_that_is_not_known_is_named_and_not_refused(
    values: Json, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings(values, caplog) == said


@pytest.mark.parametrize(
    "values",
    [
        config(),
        {**config(), "added_by_the_platform": 1},
        config(CUSTOMERS, NOTES),
        config(invoices(parent={"key": "id", "field": "x"}, body="", json_schema="", method="GET")),
        config(auth={"type": "api_key", "value": "x", "location": "query", "name": "k", "prefix": ""}),
    ],
    ids=range(5),
)
def test_a_property_that_is_known_or_stands_at_the_root_is_not_named(
    values: Json, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings(values, caplog) == []


def test_properties_are_named_once_in_a_sync(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    for stream in SourceInvoicing().streams(config(invoices(cursr="x"))):
        list(stream.read_records(SyncMode.full_refresh))

    assert [record.message for record in caplog.records] == [
        "platform.streams[0].cursr is not known there and is ignored; the nearest property is cursor."
    ]

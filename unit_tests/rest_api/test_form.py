"""The configurable platform: the form offers what is read, and nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_invoicing import SourceInvoicing
from source_invoicing.config import Config
from source_invoicing.platforms.rest_api.options import Options
from unit_tests.rest_api.helpers import AUTH, CUSTOMERS, OAUTH, Json, config, invoices

SIGNS: list[Json] = [
    {"total_path": "total", "has_more_path": "more"},
    {"total_header": "X-Total", "has_more_header": "X-More"},
]
PAGINATIONS: list[Json] = [
    {**pagination, **signs}
    for signs in SIGNS
    for pagination in (
        {
            **{"type": "offset", "limit_param": "limit", "offset_param": "offset", "limit": 100, "max_offset": 10_000},
            "first_offset": 1,
        },
        {
            **{"type": "page", "page_param": "page", "size_param": "per_page", "size": 100, "start_page": 1},
            **{"max_page": 30, "total_pages_path": "pages"},
        },
        {"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"},
        {"type": "link_header", "rel": "next"},
        {"type": "next_url", "path": "next"},
        {"type": "next_url", "header": "X-Next"},
        {"type": "none"},
    )
]
AUTHS: list[Json] = [
    {"type": "api_key", "location": "header", "name": "X-Key", "value": "key1", "prefix": "Token "},
    {"type": "basic", "username": "anna", "password": "key1"},
    {"type": "bearer", "token": "key1"},
    {**OAUTH, "grant": "refresh_token", "client_auth": "basic", "token_params": [{"name": "tenant", "value": "7"}]},
    {**OAUTH, "grant": "client_credentials", "scope": "read"},
    {"type": "none"},
]
DECLARED: Json = {
    "name": "invoices",
    "path": "/v1/invoices",
    "params": [{"name": "order_by", "value": "id"}],
    "method": "POST",
    "body": "{}",
    "headers": [{"name": "X-Kind", "value": "all"}],
    "record_path": "data.*",
    "key_field": "key",
    "single_object_as_list": False,
    "absent_when_empty": False,
    "primary_key": ["id"],
    "cursor_field": "updated_at",
    "since_param": "updated_since",
    "since_format": "iso8601",
    "since_header": "If-Modified-Since",
    "first_since": "2015-01-01T00:00:00Z",
    "error_path": "error",
    "json_schema": '{"properties": {}}',
}
SELECTIONS: list[Json] = [
    {"path": "/v1/customers/{id}/invoices", "parent": {"stream": "customers", "key": "id", "field": "customer_id"}},
    {
        "window": {
            **{"days": 30, "from_param": "from", "to_param": "to", "first": "2015-01-01", "format": "date"},
        },
    },
    {"path": "/v1/{value}", "values": ["draft", "open"], "value_field": "list"},
    {"cursor": "sync_start", "cursor_field": ""},
    {
        "detail": {
            **{"path": "/v1/invoices", "record_path": "invoice", "params": [{"name": "id", "value": "{id}"}]},
        }
    },
]
ACCOUNT: Json = {
    "headers": [{"name": "Accept", "value": "application/json"}],
    "secret_headers": [{"name": "X-App", "value": "sesame"}],
    "rate": {"calls": 300, "per_seconds": 900, "too_many_statuses": [403]},
}
EVERYTHING = [
    *(config({**DECLARED, "pagination": pagination}, **ACCOUNT) for pagination in PAGINATIONS),
    *(config(CUSTOMERS, {**DECLARED, **selection}) for selection in SELECTIONS),
    *(config(auth=auth, **ACCOUNT) for auth in AUTHS),
    config(
        invoices(),
        {
            **{"name": "lines", "from": "invoices", "expand": "items", "document_field": "invoice"},
            **{"primary_key": ["line"], "json_schema": '{"properties": {}}'},
            "detail": {"path": "/v1/invoices/{id}/items", "total_path": "total"},
        },
    ),
    config(product="lago", auth={"type": "bearer", "token": "key1"}),
]


def offered() -> Json:
    """The platform's part of the form."""
    platforms: list[Json] = (
        SourceInvoicing().spec(logging.getLogger()).connectionSpecification["properties"]["platform"]["oneOf"]
    )
    return next(option for option in platforms if option["properties"]["name"]["const"] == "rest_api")


def closed(schema: Any) -> Any:
    """A schema for which an unknown property is an error."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: False if name == "additionalProperties" else closed(member) for name, member in schema.items()}


def names_in(schema: Json, path: str = "") -> set[str]:
    """The paths of all properties of a form."""
    found = set()
    for part in (schema, schema.get("items", {}), *schema.get("oneOf", ())):
        for name, member in part.get("properties", {}).items():
            found |= {f"{path}.{name}", *names_in(member, f"{path}.{name}")}
    return found


def paths_in(value: Any, path: str = "") -> set[str]:
    """The same of a configuration."""
    if isinstance(value, list):
        return {found for member in value for found in paths_in(member, path)}
    if not isinstance(value, dict):
        return set()
    return {
        found for name, member in value.items() for found in (f"{path}.{name}", *paths_in(member, f"{path}.{name}"))
    }


@pytest.mark.parametrize("values", EVERYTHING, ids=range(len(EVERYTHING)))
def test_each_option_is_in_the_form_and_is_read(values: Json) -> None:
    Draft7Validator(closed(offered())).validate(values["platform"])

    assert SourceInvoicing().streams(values)


def test_the_form_offers_nothing_else() -> None:
    assert names_in(offered()) == {path for values in EVERYTHING for path in paths_in(values["platform"])}


@pytest.mark.parametrize("values", [config(), config(auth={**AUTH, "location": "query", "name": "api_key"})])
def test_an_address_and_a_key_mean_the_same_as_the_default_spelled_out(values: Json) -> None:
    pagination = {"type": "offset", "limit_param": "limit", "offset_param": "offset", "limit": 100, "total_path": ""}
    spelled_out = {"record_path": "data", "single_object_as_list": False, "primary_key": ["id"], "method": "GET"}

    declared = Options.parse(Config.parse(values, ["rest_api"]).options)

    explicit = config(invoices(**spelled_out, pagination=pagination), auth=values["platform"]["auth"])
    assert declared == Options.parse(Config.parse(explicit, ["rest_api"]).options)

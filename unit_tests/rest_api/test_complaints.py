"""The configurable platform: each complaint about a configuration."""

from __future__ import annotations

import json
import logging

import pytest

from source_invoicing import SourceInvoicing
from unit_tests.rest_api.helpers import AUTH, BASE, CHILD, CUSTOMERS, OAUTH, Json, config, invoices

NEXT: Json = {"type": "next_url"}
COMPLAINTS: list[tuple[Json, str]] = [
    (config(base_url=""), "platform.base_url is missing"),
    (config(base_url="http://api.example.com"), "platform.base_url should begin with https://"),
    (config(base_url="https://u:p@api.example.com"), "platform.base_url must not hold credentials"),
    (config(auth=None), "platform.auth is missing"),
    (config(auth={"value": "x"}), "platform.auth.type should be one of api_key, basic, bearer, none, oauth2; it is"),
    (config(auth={"type": "magic"}), "platform.auth.type should be one of"),
    (config(auth={"type": "api_key"}), "platform.auth.value is missing"),
    (config(auth={**AUTH, "location": "cookie"}), "platform.auth.location should be one of"),
    (config(auth={**AUTH, "prefix": "Token "}), "platform.auth.prefix goes with location header only"),
    (config(auth={"type": "basic"}), "platform.auth.username and password are both empty"),
    (config(auth={"type": "bearer"}), "platform.auth.token is missing"),
    (config(auth={**OAUTH, "token_url": "http://x.example/t"}), "platform.auth.token_url should begin with https://"),
    (config(auth={**OAUTH, "token_url": BASE}), "platform.auth.token_url should have a path"),
    (config(auth={**OAUTH, "client_secret": ""}), "platform.auth.client_secret is missing"),
    (
        config(auth={"type": "bearer", "token": "x"}, headers=[{"name": "authorization", "value": "y"}]),
        "platform.headers[0].name is authorization, which the credentials",
    ),
    (config(headers=[{"name": "A"}]), "platform.headers[0].value is missing"),
    (config(headers=[{"name": "A b", "value": "c"}]), "platform.headers[0].name is no name of a header"),
    (config(headers=[{"name": "A", "value": "x\ny"}]), "platform.headers[0].value holds a line break"),
    (config(headers=[{"name": "A", "value": "x€"}]), "platform.headers[0].value holds a line break or another sign"),
    *(
        (
            config(auth={**AUTH, "location": "header", "name": name}),
            f"platform.auth.name is no name of a header: {name!r}",
        )
        for name in ("X-Key:", "X-Schlüssel", "X Key")
    ),
    (
        config(headers=[{"name": "A", "value": "b"}, {"name": "a", "value": "c"}]),
        "platform.headers[1].name is a, which stands there already",
    ),
    (config(headers={"A": "b"}), "platform.headers should be a list, found an object"),
    (config(rate={"calls": 5}), "platform.rate.per_seconds is missing"),
    (config(rate={"calls": 0, "per_seconds": 1}), "platform.rate.calls should be a whole number"),
    (config(rate={"too_many_statuses": 403}), "platform.rate.too_many_statuses should be a list"),
    (config(rate={"too_many_statuses": ["403"]}), "platform.rate.too_many_statuses[0] should be a whole number"),
    (config(rate={"too_many_statuses": [403, 200]}), "platform.rate.too_many_statuses[1] should be a whole number"),
    (config(rate={"too_many_statuses": [401]}), "platform.rate.too_many_statuses holds 401"),
    (config(invoices(), invoices()), "platform.streams[1].name is 'invoices' a second time"),
    (config({"path": "/x"}), "platform.streams[0].name is missing"),
    (config(invoices(name="a-b")), "platform.streams[0].name should be letters"),
    (config({"name": "x"}), "platform.streams[0].path is missing"),
    (config(invoices(path="https://evil.example/x")), "platform.streams[0].path should be a path below base_url"),
    (config(invoices(path="//evil.example/x")), "platform.streams[0].path should be a path below base_url"),
    (config(invoices(path="/x?y=1")), "platform.streams[0].path should hold no query"),
    (config(invoices(path="/../x")), "platform.streams[0].path should hold no . or .. steps"),
    (config(invoices(path="/x/{id}")), "platform.streams[0].path holds {id}, but the stream names no parent"),
    (config(CUSTOMERS, {**CHILD, "path": "/notes"}), "platform.streams[1].path should hold {id}, the id of the parent"),
    (config(CHILD), "platform.streams[0].parent.stream is 'customers', but the other streams are: (none)"),
    (
        config(CHILD, {**CHILD, "name": "customers", "parent": {"stream": "notes", "field": "note"}}),
        "platform.streams[0].parent.stream is 'customers', which has notes itself above it",
    ),
    (
        config(CUSTOMERS, CHILD, {**CHILD, "name": "n2", "parent": {"stream": "notes", "field": "customer_id"}}),
        "platform.streams[2].parent.field is 'customer_id', which notes has got from its parent already",
    ),
    (
        config(CUSTOMERS, CHILD, {**CHILD, "name": "n2", "parent": {"stream": "customers", "key": "no"}}),
        "platform.streams[1].parent.key should be the same",
    ),
    (config(invoices(params=[{"name": "API_KEY", "value": "x"}])), "platform.streams[0].params[0].name is 'API_KEY'"),
    (config(invoices(params=[{"name": "offset", "value": "x"}])), "platform.streams[0].params[0].name is 'offset'"),
    (
        config(invoices(cursor_field="c", since_param="s", params=[{"name": "s", "value": "x"}])),
        "platform.streams[0].params[0].name is 's', which since_param sets",
    ),
    (config(invoices(since_param="s")), "platform.streams[0].since_param goes with cursor_field only"),
    (config(invoices(since_format="rfc")), "platform.streams[0].since_format should be iso8601"),
    *(
        (config(invoices(since_format=form)), f"platform.streams[0].since_format should be a pattern {why}")
        for form, why in {
            "%": "such as %d/%m/%Y, but '%' holds '%', which stands for nothing",
            "%Q": "such as %d/%m/%Y, but '%Q' holds '%Q', which stands for nothing",
            "%d/%m/%Y %": "such as %d/%m/%Y, but '%d/%m/%Y %' holds '%', which",
            "100%%": "such as %d/%m/%Y, but '100%%' names no part of a date",
        }.items()
    ),
    *(
        (
            config(invoices(cursor_field="c", since_param=name, pagination=pagination)),
            f"platform.streams[0].since_param is '{name}', which pagination sets",
        )
        for name, pagination in {
            "limit": {"type": "offset"},
            "offset": {"type": "offset"},
            "page": {"type": "page"},
            "after": {"type": "cursor", "cursor_param": "after"},
        }.items()
    ),
    (
        config(invoices(pagination={"type": "offset", "limit_param": "x", "offset_param": "x"})),
        "platform.streams[0].pagination uses the parameter 'x' for two things",
    ),
    (
        config(invoices(pagination={"type": "page", "size_param": "page"})),
        "platform.streams[0].pagination uses the parameter 'page' for two things",
    ),
    *(
        (config(invoices(**{name: path})), f"platform.streams[0].{name} should be names joined by")
        for name in ("record_path", "error_path", "cursor_field")
        for path in ("a..b", "a.", "$.data", "data[0]", "data[*].id")
    ),
    (config(invoices(primary_key=["id", "$.no"])), "platform.streams[0].primary_key[1] should be names joined by dots"),
    (
        config(invoices(pagination={"type": "offset", "total_path": "$.total"})),
        "platform.streams[0].pagination.total_path should be names joined by dots",
    ),
    (
        config(CUSTOMERS, {**CHILD, "parent": {"stream": "customers", "key": "a..b"}}),
        "platform.streams[1].parent.key should be names joined by single dots",
    ),
    (
        config(CUSTOMERS, {**CHILD, "parent": {"stream": "customers", "field": "id"}}),
        "platform.streams[1].parent.field is 'id', which is the whole primary_key",
    ),
    *(
        (
            config(invoices(record_path="data.items", error_path=path)),
            f"platform.streams[0].error_path is '{path}', where record_path finds the records",
        )
        for path in ("data", "data.items")
    ),
    (config(invoices(method="PUT")), "platform.streams[0].method should be one of"),
    (config(invoices(body="{}")), "platform.streams[0].body goes with method POST only"),
    (config(invoices(method="POST", body="{")), "platform.streams[0].body should be a JSON text"),
    (config(invoices(json_schema="[]")), "platform.streams[0].json_schema should be the JSON text of an object"),
    (config(invoices(json_schema="{}")), "platform.streams[0].json_schema should be a JSON schema of an object"),
    *(
        (
            config(invoices(json_schema=json.dumps({"properties": {"id": {"items": wrong}}}))),
            f"platform.streams[0].json_schema is no JSON schema at $.properties.id.items{at}",
        )
        for wrong, at in (({"type": "text"}, ".type"), ({"type": 5}, ".type"), ({"properties": []}, ".properties"))
    ),
    *(
        (config(invoices(**{name: value})), f"platform.streams[0].{named} holds half of a character")
        for name, value, named in (
            ("values", ["a", "\ud800"], "values[1]"),
            ("primary_key", ["\udc00"], "primary_key[0]"),
            ("json_schema", '{"properties": {"\\ud800": {}}}', "json_schema"),
        )
    ),
    ({**config(), "start_date": "2024-01-01 00:00:00+2400"}, "start_date should be a date such as 2024-01-01"),
    (config(invoices(primary_key="id")), "platform.streams[0].primary_key should be a list"),
    (config(invoices(primary_key=[""])), "platform.streams[0].primary_key[0] should be text"),
    (config(invoices(primary_key=["a", "a"])), "platform.streams[0].primary_key names a field twice"),
    (config(invoices(pagination={"limit": 5})), "platform.streams[0].pagination.type should be one of"),
    (config(invoices(pagination={"type": "x"})), "platform.streams[0].pagination.type should be one of"),
    (config(invoices(pagination=NEXT)), "platform.streams[0].pagination.path is missing"),
    (
        config(invoices(pagination={**NEXT, "path": "a", "header": "b"})),
        "platform.streams[0].pagination.header and path are both set",
    ),
    (config(invoices(pagination={**NEXT, "header": "Next:"})), "platform.streams[0].pagination.header is no name of a"),
    (config(invoices(pagination={"type": "cursor"})), "platform.streams[0].pagination.cursor_param is missing"),
    (
        config(invoices(pagination={"type": "cursor", "cursor_param": "c", "source": "body"})),
        "platform.streams[0].pagination.path is missing. It is where the cursor is in the body",
    ),
    (
        config(invoices(pagination={"type": "cursor", "cursor_param": "api_key"})),
        "platform.streams[0].pagination uses the parameter 'api_key', which holds the key",
    ),
    (
        config(invoices(cursor_field="at", since_param="api_key")),
        "platform.streams[0].since_param is 'api_key', which platform.auth sets",
    ),
    (
        config(invoices(window={"days": 1, "from_param": "api_key", "to_param": "to", "first": "2026-01-01"})),
        "platform.streams[0].window.from_param is 'api_key', which platform.auth sets",
    ),
    (
        config(invoices(detail={"path": "/{id}", "params": [{"name": "API_key", "value": "x"}]})),
        "platform.streams[0].detail.params[0].name is 'API_key', which platform.auth sets with the key",
    ),
    (config(invoices(pagination={"type": "offset", "limit": 1})), "platform.streams[0].pagination.limit should be a"),
    (
        config(invoices(single_object_as_list="yes")),
        "platform.streams[0].single_object_as_list should be true or false",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), COMPLAINTS, ids=[sentence for _, sentence in COMPLAINTS])
def test_a_wrong_configuration_is_refused_in_a_sentence_that_names_the_property(values: Json, sentence: str) -> None:
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)

    assert not succeeded
    assert str(said).startswith(sentence)

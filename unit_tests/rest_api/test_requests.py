"""The configurable platform: what is sent, where redirects lead, and paths into what comes back."""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.platforms.rest_api.paths import MISSING, dig, set_path
from unit_tests.rest_api.helpers import (
    BASE,
    KEY,
    LIST,
    ROWS,
    Json,
    by_offset,
    config,
    ids,
    invoices,
    query,
    read,
    stream,
)


def test_an_address_and_a_key_read_invoices(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    assert ids(read(config())) == list(range(250))
    assert [query(request) for request in server.request_history] == [
        {"limit": "100", "offset": str(offset), "api_key": KEY} for offset in (0, 99, 198, 249)
    ]


def test_a_base_url_keeps_its_path(server: requests_mock.Mocker) -> None:
    server.get("https://proxy.example/a/v1/invoices", json={"data": []})

    assert read(config(base_url="https://proxy.example/a/")) == []


def test_a_connection_test_costs_one_request(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    assert SourceInvoicing().check_connection(logging.getLogger(), config()) == (True, None)
    assert len(server.request_history) == 1


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://evil.example/", "https://evil.example"),
        ("http://api.example.com/x", "http://api.example.com"),
        ("//evil.example/x", "evil.example"),
        ("https://api.example.com:8443/x", "https://api.example.com:8443"),
    ],
)
def test_a_redirect_to_another_place_gets_no_key(server: requests_mock.Mocker, target: str, shown: str) -> None:
    server.register_uri(requests_mock.ANY, requests_mock.ANY, json={"data": []})
    server.get(LIST, status_code=302, headers={"Location": f"{target}?api_key={KEY}"})

    with pytest.raises(Failure, match=rf"redirects /v1/invoices to {re.escape(shown)}\. ") as caught:
        read(config())
    assert caught.value.failure_type is FailureType.config_error
    assert KEY not in str(caught.value)
    assert len(server.request_history) == 1


@pytest.mark.parametrize("target", ["/v2/invoices/?offset=0&api_key=old", f"{BASE}/v2/invoices/?offset=0"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_host_is_followed_with_one_key(
    server: requests_mock.Mocker, target: str, status: int
) -> None:
    server.get(LIST, status_code=status, headers={"Location": target})
    server.get(f"{BASE}/v2/invoices/", json={"data": [{"id": 1}]})

    assert ids(read(config(invoices(pagination={"type": "none"})))) == [1]
    assert parse_qsl(urlsplit(server.request_history[1].url).query) == [("offset", "0"), ("api_key", KEY)]


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_is_sent_on_as_a_post(server: requests_mock.Mocker, status: int) -> None:
    server.post(LIST, status_code=status, headers={"Location": "/v2/invoices"})
    server.post(f"{BASE}/v2/invoices", json={"data": [{"id": 1}]})

    assert ids(read(config(invoices(method="POST", body='{"all": true}', pagination={"type": "none"})))) == [1]
    assert server.request_history[1].json() == {"all": True}


def test_a_redirect_in_circles_and_one_that_makes_a_post_a_get_are_not_followed(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=307, headers={"Location": "/v1/invoices"})
    server.post(LIST, status_code=302, headers={"Location": "/v2/invoices"})

    with pytest.raises(Failure, match=r"redirects /v1/invoices again and again\. Set platform\.base_url"):
        read(config())
    assert len(server.request_history) == 6
    with pytest.raises(Failure, match=r"to another address with HTTP 302, which makes a POST a GET\. Set platform"):
        read(config(invoices(method="POST")))
    assert len(server.request_history) == 7


def test_post_writes_into_the_body_what_it_has_a_place_for(server: requests_mock.Mocker) -> None:
    server.post(LIST, [{"json": {"data": ROWS[:100]}}, {"json": {"data": ROWS[99:102]}}])
    body = '{"SERVICE": "list", "WINDOW": {"OFFSET": 0}}'
    pagination = {"type": "offset", "offset_param": "WINDOW.OFFSET"}

    assert ids(read(config(invoices(method="POST", body=body, pagination=pagination)))) == list(range(102))
    assert server.request_history[1].json() == {"SERVICE": "list", "WINDOW": {"OFFSET": 99}}
    assert query(server.request_history[1]) == {"limit": "100", "api_key": KEY}


@pytest.mark.parametrize(
    ("body", "param", "sent"),
    [
        ({"requests": [{"limit": 1}]}, "requests.0.limit", {"requests": [{"limit": 7}]}),
        ({"page.limit": 1}, "page.limit", {"page.limit": 7}),
        ({"page": None}, "page.limit", {"page": {"limit": 7}}),
    ],
    ids=["index", "dots in a name", "null"],
)
def test_a_parameter_is_written_to_its_place_in_the_body(
    server: requests_mock.Mocker, body: Json, param: str, sent: Json
) -> None:
    server.post(LIST, json={"data": []})

    read(
        config(
            invoices(
                method="POST", body=json.dumps(body), pagination={"type": "offset", "limit_param": param, "limit": 7}
            )
        )
    )

    assert server.request_history[0].json() == sent
    assert "limit" not in query(server.request_history[0])


def test_parameters_keep_their_order_and_may_repeat(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})
    params = [{"name": "status[]", "value": "paid"}, {"name": "status[]", "value": "open"}]

    read(config(invoices(params=params, pagination={"type": "none"})))

    assert parse_qsl(urlsplit(server.request_history[0].url).query)[:2] == [("status[]", "paid"), ("status[]", "open")]
    assert stream(config(invoices(params=params))).request_params(None)["status[]"] == ["paid", "open"]


def test_the_budget_of_the_configuration_holds(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    with pytest.raises(Failure, match="budget of 2 requests within 900 seconds"):
        read(config(rate={"calls": 2, "per_seconds": 900}))
    assert len(server.request_history) == 2


@pytest.mark.parametrize("status", [403, 409, 503])
def test_a_status_that_means_too_many_is_waited_for(server: requests_mock.Mocker, status: int) -> None:
    later = {"status_code": status, "json": {"error": "quota"}}
    server.get(LIST, [later, later, {"json": {"data": [{"id": 1}]}}, {"json": {"data": []}}])

    assert ids(read(config(rate={"too_many_statuses": [status]}))) == [1]


def test_a_quota_that_opens_later_than_a_sync_waits_ends_it_for_all_streams(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=403, json={"error": "quota"}, headers={"RateLimit-Reset": "1800"})
    values = config(rate={"too_many_statuses": [403]})

    with pytest.raises(Failure, match="asks to come back in 1800 seconds") as caught:
        read(values)
    assert caught.value.failure_type is FailureType.transient_error
    assert len(server.request_history) == 1


def test_paths() -> None:
    body = {"a": {"b": [{"c": 1}], "d": None}}

    assert dig(body, "") is body
    assert dig(body, "a.b.0.c") == 1
    assert dig(body, "a.d.e") is None
    assert dig(body, "a.x") is MISSING
    assert dig(body, "a.b.7") is MISSING
    assert dig({"a": {"b.c": 1, "b": {"c": 2}}}, "a.b.c") == 1


@pytest.mark.parametrize(
    ("target", "path", "after"),
    [
        ({}, "a.b", {"a": {"b": 1}}),
        ({"a.b": 2}, "a.b", {"a.b": 1}),
        ({"a": {"b.c": 2, "b": {}}}, "a.b.c", {"a": {"b.c": 1, "b": {}}}),
        ({"a": [{"b": 2}, {"b": 3}]}, "a.1.b", {"a": [{"b": 2}, {"b": 1}]}),
        ({"a": [2]}, "a.0", {"a": [1]}),
        ({"a": [2]}, "a.1", {"a": {"1": 1}}),
        ({"a": None}, "a.b", {"a": {"b": 1}}),
        ({"a": "text"}, "a.0.b", {"a": {"0": {"b": 1}}}),
    ],
    ids=str,
)
def test_what_is_set_at_a_path_is_found_there(target: Json, path: str, after: Json) -> None:
    set_path(target, path, 1)

    assert target == after
    assert dig(target, path) == 1

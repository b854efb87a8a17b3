"""The configurable platform: products, and what the user sets over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests_mock

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.platforms.rest_api import products
from unit_tests.rest_api.helpers import BASE, LIST, Json, ids, read

PRODUCT = f"""
title: Example
docs: [https://docs.example.com]
hint: Settings, API.
platform:
  base_url: {BASE}
  auth: {{type: api_key, location: header, name: X-Key, prefix: Token}}
  headers: [{{name: Accept, value: application/json}}]
  streams:
    - name: invoices
      path: /v1/invoices
      record_path: items
      cursor_field: null
    - name: customers
      path: /v1/customers
defaults:
  pagination: {{type: none}}
  cursor_field: updated_at
"""


@pytest.fixture(autouse=True)
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example.yaml").write_text(PRODUCT)
    monkeypatch.setattr(products, "FOLDER", tmp_path)


def with_product(**options: Any) -> Json:
    return {"platform": {"name": "rest_api", "product": "example", "auth": {"value": "key1"}, **options}}


def test_a_product_and_a_key_are_enough(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"items": [{"id": 1}]})

    assert ids(read(with_product())) == [1]
    assert server.request_history[0].headers["X-Key"] == b"Token key1"


@pytest.mark.parametrize("name", ["headers", "secret_headers"])
def test_headers_that_are_no_list_are_named_where_the_account_has_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "example.yaml").write_text(f"account_headers: [X-Account]{PRODUCT}")

    with pytest.raises(Failure, match=rf"^platform\.{name} should be a list, found a number"):
        SourceInvoicing().streams(with_product(**{name: 5}))


def test_what_the_user_sets_is_laid_over_the_product(server: requests_mock.Mocker) -> None:
    server.get("https://acme.example.com/v1/invoices", json={"items": [{"number": 1}]})
    server.get("https://acme.example.com/v2/customers", json={"rows": [{"id": 2}]})
    server.get("https://acme.example.com/v1/plans", json={"data": [{"id": 3}]})
    values = with_product(
        base_url="https://acme.example.com",
        headers=[{"name": "accept", "value": "text/json"}, {"name": "X-Account", "value": "7"}],
        streams=[
            {"name": "customers", "path": "/v2/customers", "record_path": "rows"},
            {"name": "plans", "path": "/v1/plans", "pagination": {"type": "none"}},
            {"name": "invoices", "primary_key": ["number"]},
        ],
    )

    assert [stream.name for stream in SourceInvoicing().streams(values)] == ["customers", "plans", "invoices"]
    assert read(values) == [{"number": 1}]
    assert ids(read(values, "customers")) == [2]
    assert ids(read(values, "plans")) == [3]
    sent = server.request_history[0].headers
    assert (sent["Accept"], sent["X-Account"]) == ("text/json", "7")


def test_another_way_to_log_in_takes_the_place_of_that_of_the_product(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"items": []})

    read(with_product(auth={"type": "bearer", "token": "key1"}))

    assert server.request_history[0].headers["Authorization"] == b"Bearer key1"
    assert "X-Key" not in server.request_history[0].headers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"product": "exmaple"}, r"platform\.product should be one of example; found 'exmaple'"),
        ({"auth": {}}, r"platform\.auth\.value is missing"),
        ({"streams": [{"name": "plans"}]}, r"platform\.streams\[0\]\.path is missing"),
        ({"streams": ["plans"]}, r"platform\.streams\[0\] should be an object"),
        ({"base_url": "ftp://x"}, r"platform\.base_url should be an address"),
    ],
    ids=str,
)
def test_a_product_does_not_hide_what_is_wrong(options: Json, message: str) -> None:
    with pytest.raises(Failure, match=message):
        SourceInvoicing().streams(with_product(**options))


@pytest.mark.parametrize("filled_in", [{"location": "query", "name": "api_key"}, {"name": ""}, {"prefix": None}])
def test_what_a_form_fills_in_is_no_wish(filled_in: Json, server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"items": []})

    read(with_product(auth={"type": "api_key", "value": "key1", **filled_in}))

    assert server.request_history[0].headers["X-Key"] == b"Token key1"


def test_streams_have_the_defaults_of_the_file_unless_they_set_null() -> None:
    invoices, customers = SourceInvoicing().streams(with_product())

    assert (invoices.cursor_field, customers.cursor_field) == ([], "updated_at")


def test_a_refused_key_comes_with_what_the_product_says_about_keys(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=401, json={"message": "no such key"})

    with pytest.raises(Failure, match=r"Example did not accept the credentials .*no such key.* Settings, API\."):
        read(with_product())


def test_a_property_that_no_one_knows_is_named(caplog: pytest.LogCaptureFixture) -> None:
    SourceInvoicing().streams(with_product(hedaers=[]))

    assert [record.message for record in caplog.records] == [
        "platform.hedaers is not known there and is ignored; the nearest property is headers."
    ]

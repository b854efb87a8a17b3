"""FastBill: responses in many forms, errors under HTTP 200, and values."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import (
    FailureType,
    SyncMode,
)
from jsonschema import Draft7Validator

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure, LoginRefused, QuotaExhausted
from source_invoicing.platforms.fastbill.streams import STREAMS
from source_invoicing.platforms.fastbill.values import Tidy, rows_of
from source_invoicing.streams.stream import InvoicingStream
from unit_tests.fastbill.helpers import ADDRESS, ROW, Json, config, read, serve, stream, streams

FORMS = {
    "an array": [ROW],
    "an object with the index for a key": {"0": ROW},
    "the row itself": ROW,
    "under its singular": {"INVOICE": ROW},
    "an array under its singular": {"INVOICE": [ROW]},
    "under the element of contacts": {"ELEMENT": [ROW]},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_list_of_one_row_is_read_in_each_form(server: requests_mock.Mocker, form: str) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": FORMS[form]}}, headers={"Content-Type": "text/plain"})

    assert read("invoices") == [ROW]


@pytest.mark.parametrize("empty", [[], {}, None, ""])
def test_nothing_is_read_in_each_form(server: requests_mock.Mocker, empty: Any) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": empty}})
    assert read("invoices") == []

    server.post(ADDRESS, json={"RESPONSE": []})
    assert read("invoices") == []


def test_rows_with_indices_come_in_the_order_of_the_numbers() -> None:
    assert rows_of({"10": "k", "2": "c", "0": "a"}, "INVOICES", ["INVOICE_ID"]) == ["a", "c", "k"]


def test_a_comment_that_has_a_comment_is_one_comment() -> None:
    comment = {"COMMENT": "paid", "COMMENT_PUBLIC": "1"}

    assert rows_of(comment, "COMMENTS", ["COMMENT", "DATE"]) == [comment]
    assert rows_of({"COMMENT": comment}, "COMMENTS", ["COMMENT", "DATE"]) == [comment]


@pytest.mark.parametrize("blank", [[], {}])
def test_a_comment_with_a_blank_text_is_one_comment_too(blank: Any) -> None:
    tidy = Tidy(stream("invoices").get_json_schema())

    record = tidy({"COMMENTS": {"DATE": "02.01.2024", "COMMENT": blank, "COMMENT_PUBLIC": "0"}})

    assert record == {"COMMENTS": [{"DATE": "2024-01-02T00:00:00", "COMMENT": None, "COMMENT_PUBLIC": "0"}]}


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("LASTUPDATE", "02.01.2024", "2024-01-02T00:00:00"),
        ("LASTUPDATE", "02.01.2024 10:05:00", "2024-01-02T10:05:00"),
        ("LASTUPDATE", "2024-01-02", "2024-01-02T00:00:00"),
        ("LASTUPDATE", "00.00.0000 00:00:00", None),
        ("INVOICE_DATE", "2024-01-02 10:05:00", "2024-01-02"),
        ("INVOICE_DATE", "02.01.2024 10:05:00", "2024-01-02"),
        ("INVOICE_DATE", "in January", "in January"),
    ],
)
def test_a_date_is_read_in_each_form(field: str, value: str, written: str | None) -> None:
    assert Tidy(stream("invoices").get_json_schema())({field: value}) == {field: written}


@pytest.mark.parametrize("wrong", [{"RESPONSE": {}}, {"RESPONSE": {"ARTICLES": []}}, {"RESPONSE": {"INVOICES": "x"}}])
def test_an_answer_without_the_list_is_no_empty_list(server: requests_mock.Mocker, wrong: Json) -> None:
    server.post(ADDRESS, json=wrong)

    with pytest.raises(
        Failure, match=r"FastBill answered invoice\.get without a list of records under RESPONSE\.INVOICES"
    ):
        read("invoices")


@pytest.mark.parametrize("wrong", [{}, [], {"RESPONSE": None}, {"RESPONSE": "closed"}])
def test_an_answer_without_the_envelope_is_asked_for_again(server: requests_mock.Mocker, wrong: Any) -> None:
    server.post(ADDRESS, [{"json": wrong}, {"json": {"RESPONSE": {"INVOICES": [ROW]}}}])

    assert read("invoices") == [ROW]


@pytest.mark.parametrize("errors", [["Invoice Error: no"], {"0": "Invoice Error: no"}, "Invoice Error: no"])
@pytest.mark.parametrize("status", [200, 400])
def test_errors_are_a_failure_whatever_the_status(server: requests_mock.Mocker, errors: Any, status: int) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"INVOICES": [], "ERRORS": errors}})

    with pytest.raises(Failure, match=rf"HTTP {status}\): Invoice Error: no\. Run the sync again") as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.transient_error
    assert len(server.request_history) == 1


def test_errors_without_words_are_a_failure_too(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"INVOICES": [], "ERRORS": [""]}})

    with pytest.raises(Failure, match=r"\(HTTP 200\): no reason given\."):
        read("invoices")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, "Login Error: Wrong API KEY or user credentials."),
        (401, "Login Error: Wrong API KEY or user credentials."),
        (401, "Anmeldung fehlgeschlagen."),
        (401, ""),
    ],
)
def test_refused_credentials_are_for_the_user_to_mend(server: requests_mock.Mocker, status: int, error: str) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"ERRORS": [error] if error else []}})

    succeeded, sentence = SourceInvoicing().check_connection(logging.getLogger(), config())

    assert not succeeded
    words = f": {error.removesuffix('.')}" if error else ""
    assert str(sentence).startswith(
        f"FastBill did not accept the credentials (HTTP {status}{words}). platform.username is the e-mail address"
    )
    assert len(server.request_history) == 1
    with pytest.raises(LoginRefused) as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"status_code": 404, "text": "<html>"}, "with HTTP 404. Run the sync again; if it persists, check that"),
        ({"status_code": 404, "json": {"RESPONSE": {"ERRORS": ["api not found."]}}}, "with HTTP 404: api not found. "),
        ({"text": "<html>closed</html>"}, "with a web page (HTML) instead of JSON. Run the sync again; if it persists"),
        (
            {"json": {"code": 57, "message": "No."}},
            "with an object with the keys code, message where an object with RESPONSE should be. Run the sync",
        ),
        ({"json": []}, "with a list where an object with RESPONSE should be."),
        ({"text": "null"}, "with null where an object with RESPONSE should be."),
        (
            {"status_code": 500, "json": {"RESPONSE": {"ERRORS": ["Oops."]}}},
            "HTTP 500 for invoice.get: Oops. The fault",
        ),
        (
            {"status_code": 400, "json": {"RESPONSE": {"ERRORS": ["unknown SERVICE: invoice.get"]}}},
            "refused invoice.get (HTTP 400): unknown SERVICE: invoice.get. Check that platform.base_url",
        ),
        (
            {"status_code": 422, "json": {}},
            "FastBill refused invoice.get (HTTP 422): no reason given. Run the sync again; if FastBill says the same",
        ),
        (
            {"status_code": 403, "json": {"RESPONSE": {"ERRORS": ["Not in your plan."]}}},
            "invoice.get (HTTP 403: Not in your plan). Check what the plan",
        ),
    ],
    ids=["404", "404 with words", "HTML", "another API", "a list", "null", "500", "400", "422", "403"],
)
def test_each_failure_says_what_to_do(server: requests_mock.Mocker, answers: Json, sentence: str) -> None:
    server.post(ADDRESS, **answers)

    with pytest.raises(Failure) as caught:
        read("invoices")

    assert sentence in caught.value.sentence
    assert ".." not in caught.value.sentence


def test_while_fastbill_is_updated_its_api_is_missing_for_a_moment(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, [{"status_code": 404, "text": "api not found"}, {"json": {"RESPONSE": {"INVOICES": [ROW]}}}])

    assert read("invoices") == [ROW]


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "API limit per hour reached"), (400, "Stunde"), (429, "no"), (503, "no"), (200, "quota exceeded")],
)
def test_a_used_up_quota_is_waited_for_and_then_transient(server: requests_mock.Mocker, status: int, text: str) -> None:
    server.post(ADDRESS, status_code=status, json={"RESPONSE": {"ERRORS": [text]}})

    chosen = streams()

    for name in ("invoices", "products", "invoices"):
        with pytest.raises(QuotaExhausted, match="takes no more calls for now") as caught:
            list(chosen[name].read_records(SyncMode.full_refresh))
        assert caught.value.failure_type is FailureType.transient_error
    # One try and three more; then the door is closed for every stream of the account.
    assert len(server.request_history) == 4


def test_a_wrong_field_called_limit_is_no_quota(server: requests_mock.Mocker) -> None:
    server.post(ADDRESS, json={"RESPONSE": {"ERRORS": ["missing / invalid field: LIMIT"]}})

    with pytest.raises(Failure, match="LIMIT"):
        read("products")
    assert len(server.request_history) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_vendor_that_wants_an_hour_ends_the_sync(server: requests_mock.Mocker, status: int) -> None:
    server.post(ADDRESS, status_code=status, headers={"Retry-After": "3000"}, json={})

    with pytest.raises(Failure, match="3000 seconds") as caught:
        read("invoices")
    assert caught.value.failure_type is FailureType.transient_error


# -- values -----------------------------------------------------------------------------------------------------------


def test_values_become_what_the_schema_says(server: requests_mock.Mocker) -> None:
    row = {
        "INVOICE_ID": 7,
        "CUSTOMER_ID": 3,
        "PAID_DATE": "0000-00-00 00:00:00",
        "DUE_DATE": "2026-02-14 00:00:00",
        "INVOICE_DATE": "2026-01-31",
        "SERVICE_PERIOD_START": "",
        "DELIVERY_DATE": "01.01.2026 - 31.01.2026",
        "AFFILIATE": [],
        "CASH_DISCOUNT_PERCENT": "0.00",
        "EXCHANGE_RATE": "",
        "TOTAL": 11.899999999,
        "VAT_ITEMS": {"0": {"VAT_PERCENT": "19.00", "VAT_VALUE": 1.9}},
        "ITEMS": {"ITEM": {"INVOICE_ITEM_ID": 1, "QUANTITY": "2.50", "UNIT_PRICE": "4.00000000", "CATEGORY": ["a"]}},
        "PAYMENTS": {"PAYMENT_ID": "5", "DATE": "31.01.2026", "AMOUNT": "5.00"},
        "COMMENTS": [],
        "NEW_FIELD": "kept",
    }
    serve(server, [row])

    assert read("invoices") == [
        {
            "INVOICE_ID": "7",
            "CUSTOMER_ID": "3",
            "PAID_DATE": None,
            "DUE_DATE": "2026-02-14T00:00:00",
            "INVOICE_DATE": "2026-01-31",
            "SERVICE_PERIOD_START": None,
            "DELIVERY_DATE": "01.01.2026 - 31.01.2026",
            "AFFILIATE": None,
            "CASH_DISCOUNT_PERCENT": 0.0,
            "EXCHANGE_RATE": None,
            "TOTAL": 11.899999999,
            "VAT_ITEMS": [{"VAT_PERCENT": 19.0, "VAT_VALUE": 1.9}],
            "ITEMS": [{"INVOICE_ITEM_ID": "1", "QUANTITY": 2.5, "UNIT_PRICE": 4.0, "CATEGORY": ["a"]}],
            "PAYMENTS": [{"PAYMENT_ID": "5", "DATE": "2026-01-31", "AMOUNT": 5.0}],
            "COMMENTS": [],
            "_additional_properties": {"NEW_FIELD": "kept"},
        }
    ]


def test_a_value_that_is_no_list_is_left_alone() -> None:
    tidy = Tidy(stream("invoices").get_json_schema())

    assert tidy({"ITEMS": "none"}) == {"ITEMS": "none"}


@pytest.mark.parametrize("kind", STREAMS)
def test_each_schema_is_one_of_an_airbyte_stream(kind: type[InvoicingStream]) -> None:
    chosen = next(found for found in SourceInvoicing().streams(config()) if isinstance(found, kind))
    schema = chosen.get_json_schema()

    Draft7Validator.check_schema(dict(schema))
    assert schema["required"] == [chosen.primary_key]
    assert schema["properties"][chosen.primary_key]["type"] == "string"
    text = json.dumps(schema)
    for money in ("QUANTITY", "UNIT_PRICE", "VAT_PERCENT", "SUB_TOTAL", "TOTAL"):
        assert f'"{money}": {{"type": ["null", "number"]' in text or f'"{money}"' not in text
    if chosen.cursor_field:
        assert schema["properties"][chosen.cursor_field]["airbyte_type"] == "timestamp_without_timezone"

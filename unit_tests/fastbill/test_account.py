"""FastBill: the budget of calls, secrets, and the one address."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import (
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    FailureType,
    SyncMode,
)
from airbyte_cdk.utils import AirbyteTracedException
from requests_mock import ANY

from source_invoicing import SourceInvoicing
from source_invoicing.http import CallBudget, Failure, QuotaExhausted, RateLimiter
from source_invoicing.http.secrets import without_links
from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from unit_tests.fastbill.helpers import ADDRESS, Json, asked, config, invoices, read, serve, stream, streams

# -- the budget -------------------------------------------------------------------------------------------------------


def test_calls_beyond_the_budget_end_the_sync_as_transient(server: requests_mock.Mocker) -> None:
    serve(server, invoices(150))

    with pytest.raises(Failure, match="budget of 1 request within 3600 seconds") as caught:
        read("invoices", config(calls_per_hour=1))
    assert caught.value.failure_type is FailureType.transient_error
    assert len(server.request_history) == 1


def test_a_budget_that_opens_soon_is_waited_for() -> None:
    quota = RateLimiter(in_flight=1, budget=CallBudget(calls=1, seconds=0.01))

    for _ in range(3):
        with quota.slot():
            pass


def test_the_streams_of_an_account_share_the_budget(server: requests_mock.Mocker) -> None:
    serve(server, invoices(1))
    chosen = streams(config(calls_per_hour=1))

    assert list(chosen["invoices"].read_records(SyncMode.full_refresh))
    with pytest.raises(QuotaExhausted):
        list(chosen["recurring_invoices"].read_records(SyncMode.full_refresh))
    assert len(server.request_history) == 1


def test_each_stream_comes_to_its_end_although_an_hour_has_calls_for_few(server: requests_mock.Mocker) -> None:
    """Three lists of nine calls each and one of a single call, and six calls an hour."""
    lists = {"CUSTOMERS": "CUSTOMER_ID", "ARTICLES": "ARTICLE_ID", "INVOICES": "INVOICE_ID"}

    def response(request: Any, context: Any) -> Json:
        service, first = request.json()["SERVICE"], request.json()["OFFSET"]
        name = {"customer.get": "CUSTOMERS", "article.get": "ARTICLES"}.get(service, "INVOICES")
        rows = [{lists[name]: str(number)} for number in range(700 if service != "invoice.get" else 0)]
        return {"RESPONSE": {name if service != "revenue.get" else "REVENUES": rows[first : first + 100]}}

    server.post(ADDRESS, json=response)
    source = SourceInvoicing()
    states: dict[str, AirbyteStateMessage] = {}
    came: dict[str, set[str]] = defaultdict(set)
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(each.as_airbyte_stream(), SyncMode.full_refresh, DestinationSyncMode.append)
            for name, each in streams().items()
            if name != "revenues"
        ]
    )
    for _ in range(5):
        with suppress(AirbyteTracedException):
            for message in source.read(logging.getLogger(), config(calls_per_hour=6), catalog, list(states.values())):
                if message.state is not None and message.state.stream is not None:
                    states[message.state.stream.stream_descriptor.name] = message.state
                if message.record is not None:
                    came[message.record.stream].update(message.record.data.values())

    assert {name: len(ids) for name, ids in came.items()} == dict.fromkeys(
        ["customers", "products", "recurring_invoices"], 700
    )


@pytest.mark.parametrize(
    ("state", "unfinished"),
    [
        ({}, True),
        ({"walk": Checkpoint(99, True, None, 9, None, (RowFingerprint("5"),)).stored()}, True),
        ({"__ab_no_cursor_state_message": True}, False),
    ],
)
def test_a_stream_that_no_sync_has_come_to_the_end_of_is_unfinished(state: Json, unfinished: bool) -> None:
    assert stream("products", state=state).is_unfinished is unfinished


def test_a_connection_test_costs_one_call(server: requests_mock.Mocker) -> None:
    serve(server, [{"CUSTOMER_ID": "1"}], "CUSTOMERS")

    assert SourceInvoicing().check_connection(logging.getLogger(), config()) == (True, None)
    assert asked(server) == [{"SERVICE": "customer.get", "LIMIT": 1, "OFFSET": 0}]


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["/", r"\/"])
def test_a_link_to_a_document_is_cut_down_to_its_host(slash: str) -> None:
    link = f"https:{slash}{slash}my.fastbill.com{slash}download{slash}t0ken?x=1"

    shown = without_links(f'{{"DOCUMENT_URL":"{link}","A":"https://b.example"}}')

    assert "t0ken" not in shown
    assert "my.fastbill.com" in shown


def test_a_cut_answer_shows_no_link(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    server.post(ADDRESS, text='{"RESPONSE":{"INVOICES":[{"DOCUMENT_URL":"https://my.fastbill.com/t0ken')

    with caplog.at_level(logging.DEBUG), pytest.raises(Failure) as caught:
        read("invoices")

    assert "t0ken" not in f"{caught.value} {caught.value.internal_message} {caplog.text}"
    assert "invoice.get" in str(caught.value)


@pytest.mark.parametrize("missing", ["username", "api_key"])
def test_a_missing_credential_is_named(missing: str) -> None:
    values = config()
    del values["platform"][missing]

    succeeded, sentence = SourceInvoicing().check_connection(logging.getLogger(), values)

    assert not succeeded
    assert str(sentence).startswith(f"platform.{missing} is missing")


def test_nothing_but_the_one_address_is_asked(server: requests_mock.Mocker) -> None:
    server.register_uri(ANY, ANY, status_code=500)
    serve(server, invoices(3))

    read("invoices")

    assert {request.url for request in server.request_history} == {ADDRESS}


def test_tools_see_that_reading_is_a_post() -> None:
    found = stream("invoices")

    assert found.url_base + found.path() == ADDRESS
    assert found.http_method == "POST"
    assert found.request_params(None) == {}
    assert (found.request_body_json(None) or {})["SERVICE"] == "invoice.get"

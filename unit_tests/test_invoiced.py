"""What is particular about Invoiced and cannot be seen from outside without its own hosts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests_mock as mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing

PRODUCTION = "https://api.invoiced.com/customers"
SANDBOX = "https://api.sandbox.invoiced.com/customers"


def config(**platform: Any) -> dict[str, Any]:
    return {"platform": {"name": "invoiced", "api_key": "key-of-a-test", **platform}}


def check(**platform: Any) -> tuple[bool, str | None]:
    return SourceInvoicing().check_connection(logging.getLogger(), config(**platform))


@pytest.mark.parametrize(("environment", "url"), [("production", PRODUCTION), ("sandbox", SANDBOX)])
def test_each_environment_has_its_host(environment: str, url: str) -> None:
    with mock.Mocker() as api:
        api.get(url, json=[])

        assert check(environment=environment) == (True, None)

    assert api.call_count == 1


def test_a_key_of_the_other_environment_is_recognised_by_a_second_request() -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, status_code=401, json={"type": "invalid_request", "message": "Invalid key"})
        api.get(SANDBOX, json=[])

        succeeded, sentence = check()

    assert not succeeded
    assert sentence == (
        "The API key belongs to the sandbox environment of Invoiced, but platform.environment is set to production. "
        "Change one of them."
    )
    assert api.call_count == 2


def test_a_key_of_neither_environment_is_just_wrong() -> None:
    with mock.Mocker() as api:
        api.get(PRODUCTION, status_code=401, json={"message": "Invalid key"})
        api.get(SANDBOX, status_code=401, json={"message": "Invalid key"})

        succeeded, sentence = check()

    assert not succeeded
    assert "did not accept the credentials (HTTP 401: Invalid key)" in (sentence or "")


def test_a_key_never_leaves_for_the_vendor_when_a_base_url_is_set() -> None:
    with mock.Mocker() as api:
        api.get("https://proxy.example.com/invoiced/customers", status_code=401)

        assert check(base_url="https://proxy.example.com/invoiced")[0] is False

    assert api.call_count == 1


FULL, INCREMENTAL = SyncMode.full_refresh, SyncMode.incremental
OLD, NEW = {"id": "a/b", "metadata": {}, "updated_at": 5}, {"id": "c", "metadata": {}, "updated_at": 900}


@pytest.fixture
def streams() -> Iterator[dict[str, Any]]:
    """The streams of an account of two plans, and of two customers with a contact each."""
    with mock.Mocker() as api:
        # Nothing tells of paging, and each question gets the same answer: this is the whole list.
        api.get("https://api.invoiced.com/plans", json=[{**OLD, "metadata": []}, NEW])
        api.get(PRODUCTION, json=[{"id": 7, "updated_at": 1}, {"id": 8, "updated_at": 1}])
        api.get(re.compile(f"{PRODUCTION}/./contacts"), json=[{"id": 1}])
        yield {stream.name: stream for stream in SourceInvoicing().streams(config())}


def test_a_stream_reads_without_the_concurrent_engine_too(streams: dict[str, Any]) -> None:
    assert list(streams["plans"].read_records(FULL)) == [OLD, NEW]
    assert streams["plans"].state == {"updated_at": 900}


@pytest.mark.parametrize("name", ["plans", "contacts"])
def test_whoever_reads_a_stream_twice_gets_it_twice(streams: dict[str, Any], name: str) -> None:
    stream = streams[name]
    for _ in range(3):
        assert len(list(stream.read_records(FULL))) == 2
        assert len(list(stream.read_only_records())) == 2


def test_reading_only_records_leaves_a_stream_where_it_is(streams: dict[str, Any]) -> None:
    plans = streams["plans"]
    plans.state = {"updated_at": 100}

    assert list(plans.read_only_records()) == [NEW]
    assert list(plans.read_only_records({"updated_at": 3})) == [OLD, NEW]
    assert list(plans.read_only_records({})) == [OLD, NEW]
    assert plans.state == {"updated_at": 100}


def test_a_reading_begins_where_its_state_says(streams: dict[str, Any]) -> None:
    plans = streams["plans"]

    assert list(plans.read_records(INCREMENTAL, stream_state={"updated_at": 100})) == [NEW]
    assert list(plans.read_records(INCREMENTAL)) == [NEW]
    assert list(plans.read_records(FULL)) == [OLD, NEW]
    plans.state = {"updated_at": 100}
    assert list(plans.read_records(FULL)) == [NEW]


def test_the_lists_of_some_customers_can_be_read_alone(streams: dict[str, Any]) -> None:
    contacts = streams["contacts"]
    slices = list(contacts.stream_slices(sync_mode=FULL))

    assert slices == [{"customer_id": 7}, {"customer_id": 8}]
    assert [row["customer_id"] for row in contacts.read_records(FULL, stream_slice=slices[1])] == [8]
    assert contacts.state == {}
    assert [row["customer_id"] for row in contacts.read_records(FULL, stream_slice=slices[0])] == [7]
    assert contacts.state == {"customer_id": 8}


def test_tools_see_what_a_stream_asks_for() -> None:
    behind_a_proxy = SourceInvoicing().streams(config(base_url="https://proxy.example.com/invoiced"))
    plans: Any = next(stream for stream in behind_a_proxy if stream.name == "plans")

    assert urljoin(plans.url_base, plans.path()) == "https://proxy.example.com/invoiced/plans"
    assert plans.http_method == "GET"
    assert plans.request_params(None)["per_page"] == 100
    assert plans.request_body_json(None) is None


def test_the_streams_of_an_account_share_one_client() -> None:
    streams: list[Any] = SourceInvoicing().streams(config())

    assert len({id(stream.account.client) for stream in streams}) == 1

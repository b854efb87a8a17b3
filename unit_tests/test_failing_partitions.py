"""A stream of many partitions fails once, and does not try them all."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import Any

import pytest
import requests
import requests_mock as mock
from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
)

from source_invoicing import SourceInvoicing
from source_invoicing.lanes import MAX_FAILURES_IN_A_ROW
from source_invoicing.messages import SyncFailed

URL = "https://api.invoiced.com"
CONFIG = {"platform": {"name": "invoiced", "api_key": "key-of-a-test"}, "num_workers": 1}
REFUSED, MISSING, IN_CONFLICT = 403, 404, 409


class Account:
    """Customers of whom some have a list of contacts; those of the others fail.

    :param status: with which HTTP status
    :ivar tried: the customers whose lists were asked for
    """

    def __init__(self, api: mock.Mocker, customers: int, good: Collection[int] = (), status: int = IN_CONFLICT) -> None:
        self.tried: list[int] = []
        rows = [{"id": number, "updated_at": number + 1} for number in range(customers)]
        api.get(f"{URL}/customers", json=self._customers(rows))
        api.get(re.compile(rf"{URL}/customers/\d+$"), json={})

        def contacts(request: requests.Request, context: Any) -> Any:
            customer = int(str(request.url).split("/")[4])
            self.tried.append(customer)
            context.status_code = 200 if customer in good else status
            return [{"id": 1}] if customer in good else {"message": "No."}

        api.get(re.compile(rf"{URL}/customers/\d+/contacts"), json=contacts)

    @staticmethod
    def _customers(rows: list[dict[str, int]]) -> Any:
        def page(request: Any, context: Any) -> list[dict[str, int]]:
            since = int(request.qs.get("updated_after", ["0"])[0])
            left = [row for row in rows if row["updated_at"] > since]
            context.headers["X-Total-Count"] = str(len(left))
            descends = request.qs["sort"] == ["updated_at desc"]
            return left[:-101:-1] if descends else left[:100]

        return page

    def read(self, done_up_to: int | None = None) -> tuple[int, int]:
        """:return: how many records came, and how many failures were reported"""
        source = SourceInvoicing()
        contacts = next(each for each in source.streams(CONFIG) if each.name == "contacts").as_airbyte_stream()
        configured = ConfiguredAirbyteStream(contacts, contacts.supported_sync_modes[0], DestinationSyncMode.append)
        state: list[AirbyteStateMessage] = []
        if done_up_to is not None:
            stored = {"stream_descriptor": {"name": "contacts"}, "stream_state": {"customer_id": done_up_to}}
            state = [AirbyteStateMessageSerializer.load({"type": "STREAM", "stream": stored})]
        records = failures = 0
        try:
            for message in source.read(
                logging.getLogger("airbyte"), CONFIG, ConfiguredAirbyteCatalog([configured]), state
            ):
                records += message.record is not None
                failures += message.trace is not None and message.trace.error is not None
        except SyncFailed:
            assert failures
        return records, failures


def test_each_stream_fails_once_and_stops_after_a_few_lists(requests_mock: mock.Mocker) -> None:
    account = Account(requests_mock, 1000)

    assert account.read() == (0, 1)
    assert len(account.tried) == MAX_FAILURES_IN_A_ROW


@pytest.mark.parametrize(("status", "tried"), [(REFUSED, 40), (MISSING, 40), (IN_CONFLICT, MAX_FAILURES_IN_A_ROW)])
def test_refusals_of_single_customers_do_not_keep_later_ones_from_being_read(
    requests_mock: mock.Mocker, status: int, tried: int
) -> None:
    """An earlier run has read lists, so others may be read."""
    account = Account(requests_mock, 41, good=range(21, 41), status=status)

    account.read(done_up_to=0)

    assert len(set(account.tried)) == tried


def test_where_each_list_is_refused_no_further_one_is_tried(requests_mock: mock.Mocker) -> None:
    account = Account(requests_mock, 1000, status=REFUSED)

    assert account.read() == (0, 1)
    assert len(account.tried) == MAX_FAILURES_IN_A_ROW


@pytest.mark.parametrize("broken", [0, 7, 19])
def test_one_customer_whose_list_is_broken_keeps_no_other_from_being_read(
    requests_mock: mock.Mocker, broken: int
) -> None:
    account = Account(requests_mock, 20, good=[customer for customer in range(20) if customer != broken])

    assert account.read() == (19, 1)

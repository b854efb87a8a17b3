"""A stream of many lists fails once, and does not try them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from airbyte_cdk.models import FailureType

from source_invoicing.http import AccessRefused, Failure, ResourceMissing
from source_invoicing.streams.concurrency import MOST_FAILED_LISTS, ListPartition, Setbacks
from source_invoicing.streams.stream import InvoicingStream


class Lists:
    """A stream whose lists fail, but for those of some customers."""

    name = "contacts"
    failure: type[Failure] = Failure

    def __init__(self, *good: int) -> None:
        self.good = good
        self.tried: list[int] = []

    def read_pages(self, stream_slice: dict[str, Any], _: None) -> Iterator[list[Any]]:
        self.tried.append(stream_slice["customer_id"])
        if stream_slice["customer_id"] not in self.good:
            raise self.failure("The vendor is down.", FailureType.transient_error)
        yield [{"id": 1}]


def read(lists: Lists, customers: int, *, any_was_read: bool = False) -> tuple[int, int]:
    """Read the lists of so many customers: how many pages came, and how many failures reached the engine."""
    setbacks = Setbacks(any_was_read=any_was_read)
    pages = failures = 0
    for customer in range(customers):
        partition = ListPartition(cast(InvoicingStream, lists), {"customer_id": customer}, setbacks)
        try:
            pages += len(list(partition.read()))
        except Failure:
            failures += 1
    return pages, failures


def test_each_stream_fails_once_and_stops_after_a_few_lists() -> None:
    lists = Lists()

    assert read(lists, 10_000) == (0, 1)
    assert len(lists.tried) == MOST_FAILED_LISTS


@pytest.mark.parametrize(
    ("failure", "tried"), [(AccessRefused, 40), (ResourceMissing, 40), (Failure, MOST_FAILED_LISTS)]
)
def test_refusals_of_single_customers_keep_nobody_behind_them_from_being_read(
    failure: type[Failure], tried: int
) -> None:
    lists = Lists(*range(20, 40))
    lists.failure = failure

    read(lists, 40, any_was_read=True)

    assert len(lists.tried) == tried


def test_where_each_list_is_refused_no_further_one_is_tried() -> None:
    lists = Lists()
    lists.failure = AccessRefused

    assert read(lists, 10_000) == (0, 1)
    assert len(lists.tried) == MOST_FAILED_LISTS


@pytest.mark.parametrize("broken", [0, 7, 19])
def test_one_customer_whose_list_is_broken_keeps_no_other_from_being_read(broken: int) -> None:
    lists = Lists(*(customer for customer in range(20) if customer != broken))

    assert read(lists, 20) == (19, 1)

"""A stream of many lists fails once, and does not try them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from source_invoicing.http import Failure, transient_failure
from source_invoicing.streams.concurrency import MOST_FAILED_LISTS, ListPartition, Setbacks
from source_invoicing.streams.stream import InvoicingStream


class Lists:
    """A stream whose lists fail, but for those of some customers."""

    name = "contacts"

    def __init__(self, *good: int) -> None:
        self.good = good
        self.tried: list[int] = []

    def read_pages(self, stream_slice: dict[str, Any], _: None) -> Iterator[list[Any]]:
        self.tried.append(stream_slice["customer_id"])
        if stream_slice["customer_id"] not in self.good:
            raise transient_failure("The vendor is down.")
        yield [{"id": 1}]


def read(lists: Lists, customers: int) -> tuple[int, int]:
    """Read the lists of so many customers: how many pages came, and how many failures reached the engine."""
    setbacks = Setbacks()
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


@pytest.mark.parametrize("broken", [0, 7, 19])
def test_one_customer_whose_list_is_broken_keeps_no_other_from_being_read(broken: int) -> None:
    lists = Lists(*(customer for customer in range(20) if customer != broken))

    assert read(lists, 20) == (19, 1)

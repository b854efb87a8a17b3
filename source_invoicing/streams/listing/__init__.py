"""Strategies that read a whole list although rows move while it is read."""

from source_invoicing.streams.listing.keyset import Keyset
from source_invoicing.streams.listing.paging import Offsets, Pages, Paging, Tokens
from source_invoicing.streams.listing.ranges import KeyRanges, RangeBatch
from source_invoicing.streams.listing.reader import ListReader, PlansLeft
from source_invoicing.streams.listing.strategy import Batch, Plan, PlanNotSupported, Strategy
from source_invoicing.streams.page import Order

#: Lists that sort and filter by modification time.
KEYSET = Plan(Keyset, Order.OLDEST_CHANGE_FIRST)

__all__ = [
    "KEYSET",
    "Batch",
    "KeyRanges",
    "ListReader",
    "Offsets",
    "Pages",
    "Paging",
    "Plan",
    "PlanNotSupported",
    "PlansLeft",
    "RangeBatch",
    "Strategy",
    "Tokens",
]

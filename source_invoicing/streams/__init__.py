"""How a resource is read: streams, walks over lists, state, typed values. Knows no platform."""

from source_invoicing.streams.account import Account, Window
from source_invoicing.streams.child import ChildStream
from source_invoicing.streams.page import Order, Page, PageRequest, Row
from source_invoicing.streams.parents import ParentIds, ParentStream
from source_invoicing.streams.stream import InvoicingStream
from source_invoicing.streams.timestamps import OffsetDateTime, compact_offset
from source_invoicing.streams.walks import (
    FilteredOffsetWalk,
    FilteredOverlapWalk,
    KeyWalk,
    KeyWalkWithoutTotal,
    LinkWalk,
    NewestChangeFirstOverlapWalk,
    NewestChangeFirstWalk,
    NewestRowFirstWalk,
    OffsetWalk,
    OverlapWalk,
    PageWalk,
    Parts,
    PlainPageWalk,
    SizedPageWalk,
    TokenWalk,
    UnsortedOverlapWalk,
    Walk,
)

__all__ = [
    "Account",
    "ChildStream",
    "FilteredOffsetWalk",
    "FilteredOverlapWalk",
    "InvoicingStream",
    "KeyWalk",
    "KeyWalkWithoutTotal",
    "LinkWalk",
    "NewestChangeFirstOverlapWalk",
    "NewestChangeFirstWalk",
    "NewestRowFirstWalk",
    "OffsetDateTime",
    "OffsetWalk",
    "Order",
    "OverlapWalk",
    "Page",
    "PageRequest",
    "PageWalk",
    "ParentIds",
    "ParentStream",
    "Parts",
    "PlainPageWalk",
    "Row",
    "SizedPageWalk",
    "TokenWalk",
    "UnsortedOverlapWalk",
    "Walk",
    "Window",
    "compact_offset",
]

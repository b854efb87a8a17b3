"""How a resource is read: streams, walks over lists, state, typed values. Knows no platform."""

from source_invoicing.streams.account import Account, Window
from source_invoicing.streams.child import ChildStream
from source_invoicing.streams.offset_moments import OffsetDateTime, compact_offset
from source_invoicing.streams.page import Order, Page, Question, Row
from source_invoicing.streams.parents import ParentIds, ParentStream
from source_invoicing.streams.stream import InvoicingStream
from source_invoicing.streams.walks import (
    KeyWalk,
    KeyWalkWithoutTotal,
    NewestChangeFirstOverlapWalk,
    NewestChangeFirstWalk,
    NewestRowFirstWalk,
    OffsetWalk,
    OverlapWalk,
    PageWalk,
    PlainPageWalk,
    SizedPageWalk,
    Walk,
)

__all__ = [
    "Account",
    "ChildStream",
    "InvoicingStream",
    "KeyWalk",
    "KeyWalkWithoutTotal",
    "NewestChangeFirstOverlapWalk",
    "NewestChangeFirstWalk",
    "NewestRowFirstWalk",
    "OffsetDateTime",
    "OffsetWalk",
    "Order",
    "OverlapWalk",
    "Page",
    "PageWalk",
    "ParentIds",
    "ParentStream",
    "PlainPageWalk",
    "Question",
    "Row",
    "SizedPageWalk",
    "Walk",
    "Window",
    "compact_offset",
]

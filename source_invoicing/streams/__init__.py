"""How a resource is read: streams, walks over lists, state, typed values. Knows no platform."""

from source_invoicing.streams.account import Account, Window
from source_invoicing.streams.child import ChildStream
from source_invoicing.streams.page import Order, Page, Question, Row
from source_invoicing.streams.parents import ParentIds, ParentStream
from source_invoicing.streams.stream import InvoicingStream
from source_invoicing.streams.walks import (
    FilteredOffsetWalk,
    KeyWalk,
    LinkWalk,
    NewestChangeFirstWalk,
    NewestRowFirstWalk,
    OffsetWalk,
    PageWalk,
    TokenWalk,
    Walk,
)

__all__ = [
    "Account",
    "ChildStream",
    "FilteredOffsetWalk",
    "InvoicingStream",
    "KeyWalk",
    "LinkWalk",
    "NewestChangeFirstWalk",
    "NewestRowFirstWalk",
    "OffsetWalk",
    "Order",
    "Page",
    "PageWalk",
    "ParentIds",
    "ParentStream",
    "Question",
    "Row",
    "TokenWalk",
    "Walk",
    "Window",
]

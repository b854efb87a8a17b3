"""How a resource is read: streams, walks over lists, state, typed values. Knows no platform."""

from source_invoicing.streams.account import Account, Window
from source_invoicing.streams.child import ChildStream
from source_invoicing.streams.page import Order, Page, Question, Row
from source_invoicing.streams.parents import ParentIds, ParentStream
from source_invoicing.streams.stream import InvoicingStream
from source_invoicing.streams.walks import (
    KeyWalk,
    NewestChangeFirstWalk,
    NewestRowFirstWalk,
    OffsetWalk,
    PageWalk,
    Walk,
)

__all__ = [
    "Account",
    "ChildStream",
    "InvoicingStream",
    "KeyWalk",
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
    "Walk",
    "Window",
]

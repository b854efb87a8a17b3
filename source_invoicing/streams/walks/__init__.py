"""The ways to walk over a list so that no row slips through while others insert, edit and delete.

A stream names the walks its API allows, best first; a walk that finds the API not doing what it needs says so
(:class:`NotHonoured`) and the next one takes over.
"""

from source_invoicing.streams.walks.by_key import KeyWalk
from source_invoicing.streams.walks.by_key_without_total import KeyWalkWithoutTotal
from source_invoicing.streams.walks.by_offset import FilteredOffsetWalk, OffsetWalk
from source_invoicing.streams.walks.by_overlapping_page import (
    FilteredOverlapWalk,
    NewestChangeFirstOverlapWalk,
    OverlapWalk,
    UnsortedOverlapWalk,
)
from source_invoicing.streams.walks.by_page import PageWalk, PlainPageWalk, SizedPageWalk
from source_invoicing.streams.walks.by_token import LinkWalk, TokenWalk
from source_invoicing.streams.walks.newest_first import NewestChangeFirstWalk, NewestRowFirstWalk
from source_invoicing.streams.walks.parts import Part, Parts
from source_invoicing.streams.walks.walk import NotHonoured, Step, Walk

__all__ = [
    "FilteredOffsetWalk",
    "FilteredOverlapWalk",
    "KeyWalk",
    "KeyWalkWithoutTotal",
    "LinkWalk",
    "NewestChangeFirstOverlapWalk",
    "NewestChangeFirstWalk",
    "NewestRowFirstWalk",
    "NotHonoured",
    "OffsetWalk",
    "OverlapWalk",
    "PageWalk",
    "Part",
    "Parts",
    "PlainPageWalk",
    "SizedPageWalk",
    "Step",
    "TokenWalk",
    "UnsortedOverlapWalk",
    "Walk",
]

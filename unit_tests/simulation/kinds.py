"""The kinds of servers: an honest one, and those that lie in one way or in several."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from source_invoicing.streams.listing import Tokens
from unit_tests.simulation.setups import Setup
from unit_tests.simulation.traits import Arrangement, Traits

Draw = Callable[[random.Random], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of server.

    :param what: what it does, for docs/reliability.md
    :param draw: what it is like, beside what the way to read it asks for
    :param readable: whether a stream has to be complete once nothing changes any more
    """

    what: str
    draw: Draw
    readable: bool = True


def _clocks(chance: random.Random) -> dict[str, Any]:
    return {
        "date_skew": chance.choice([-30.0, 0.0, 5.0, 30.0]),
        "own_skew": chance.choice([-30.0, 0.0, 10.0, 30.0]),
        "row_skews": chance.choice([(0.0,), (-2.0, 0.0, 2.0), (-20.0,), (20.0,)]),
    }


KINDS: Mapping[str, Kind] = {
    "honest": Kind("does what it documents", lambda chance: {}),
    "busy seconds": Kind(
        "many rows share a second, and changes come fast",
        lambda chance: {
            "group": chance.choice([3, 8, 20]),
            "ticks": (0.01, 0.05, 0.3),
            "restlessness": 0.7,
            "hot": chance.choice([0.0, 0.5]),
        },
    ),
    "ties by page": Kind(
        "sorts rows with equal values differently for each page",
        lambda chance: {"ties": "by page", "group": chance.choice([2, 4, 8, 20])},
        readable=False,
    ),
    "ties like MySQL": Kind(
        "the same, as MySQL does with `LIMIT` and `OFFSET`",
        lambda chance: {"ties": "like MySQL", "group": chance.choice([2, 4, 8, 20])},
        readable=False,
    ),
    "hidden rows": Kind(
        "leaves out rows that the key may not see, so pages are shorter",
        lambda chance: {"hidden": chance.randint(1, 4)},
        readable=False,
    ),
    "undated rows last": Kind(
        "some rows have no modification time; they are sorted last",
        lambda chance: {"undated": chance.randint(1, 12), "blanks": "last"},
    ),
    "undated rows first": Kind(
        "the same, sorted first", lambda chance: {"undated": chance.randint(1, 12), "blanks": "first"}
    ),
    "rows from the future": Kind(
        "some rows have a modification time in the future", lambda chance: {"ahead": chance.randint(1, 3)}
    ),
    "two replicas": Kind(
        "each request reaches one of two replicas, of which one is seconds late",
        lambda chance: {"lags": (0.0, chance.choice([0.7, 2.0, 4.0]))},
    ),
    "totals from a cache": Kind("totals are some requests old", lambda chance: {"cached_totals": chance.randint(2, 5)}),
    "clocks apart": Kind("the clocks of rows, server and connector differ", _clocks),
    "late commits": Kind(
        "a change may become visible seconds after its time",
        lambda chance: {"commit_delay": chance.choice([2.5, 10.0, 20.0])},
    ),
    "ignores the order": Kind(
        "ignores the order that is asked for",
        lambda chance: {"sorts": False, "edited_before": chance.choice([0.0, 0.02, 0.1, 0.5])},
        readable=False,
    ),
    "ignores the filter": Kind("ignores the filter by modification time", lambda chance: {"filter": "none"}),
    "filters that second": Kind(
        "lists only rows of the very second that the filter names",
        lambda chance: {"filter": "that second"},
        readable=False,
    ),
    "filters by day": Kind("filters by whole days", lambda chance: {"filter": "by day"}),
    "tells nothing": Kind(
        "sends no total, no flag that more follows, no header `Date`",
        lambda chance: {"tells_total": False, "tells_more": False, "tells_date": False},
    ),
}
MIXED = "several lies"
MIXED_WHAT = "two or three of these at once"


# What cannot be told from an honest list: parts of the names of the ways to read, and the kind of server.
LIMITS: Mapping[tuple[str, str], str] = {
    ("fastbill", "hidden rows"): "a short first page ends a list, as the vendor documents",
    ("invoiced notes", "ignores the order"): "a list that comes newest row first by itself looks sorted by change",
    ("invoiced events", "ignores the order"): "a list that comes newest row first by itself looks sorted by change",
    ("zoho journals", "ignores the order"): "a list that comes newest row first by itself looks sorted by change",
}


def limit_of(setup: Setup, kind: str) -> str:
    """Why rows may be lost in silence, where that cannot be noticed; empty where none may."""
    return next((why for (name, of), why in LIMITS.items() if of == kind and setup.name.startswith(name)), "")


def traits_of(setup: Setup, kind: str, chance: random.Random) -> tuple[Traits, bool]:
    """What a server of a kind is like, and whether it has to be readable once nothing changes any more."""
    several = [name for name in sorted(KINDS) if name != "honest" and not limit_of(setup, name)]
    names = chance.sample(several, chance.choice([2, 2, 3])) if kind == MIXED else [kind]
    if setup.is_long:
        size = chance.choice([2, 3])
        rows = size * chance.choice([10, 40, 45])
    else:
        size = chance.choice([3, 4, 7])
        rows = chance.choice([0, 1, size, 2 * size, 3 * size + 1, 5 * size])
    base = Traits(
        rows=rows,
        size=size,
        resizable=setup.paging.resizable,
        group=chance.choice([1, 1, 3]),
        arrangement=chance.choice(setup.arrangements),
        tells_total=bool(chance.getrandbits(1)) if setup.total is None else setup.total,
        tells_more=bool(chance.getrandbits(1)) if setup.more is None else setup.more,
        tells_size=setup.size,
        filter="by day" if setup.filters_by_day else "since",
        includes_boundary=bool(chance.getrandbits(1)),
        token=chance.choice(setup.tokens) if setup.tokens else None,
        restlessness=chance.choice([0.0, 0.1, 0.4, 0.7]),
        acts=chance.choice(ACTS),
        edited_before=chance.choice([0.0, 0.3]),
    )
    drawn: dict[str, Any] = {}
    for name in names:
        drawn.update(KINDS[name].draw(chance))
    traits = replace(base, **drawn)
    if traits.hidden or (traits.cached_totals and setup.page_like == "rest_api"):
        # Known limits: a short page ends a list that tells nothing, and an old total one that tells nothing else.
        traits = replace(traits, tells_more=True)
    if isinstance(setup.paging, Tokens) and traits.ties != "by id":
        # Known limit: a page that begins with the last row of the one before is what a token that includes it sends.
        traits = replace(traits, tells_total=True)
    if traits.token == "row":
        # A token that names a row holds its place in the order of the list, whatever becomes of the row.
        still = chance.choice(STILL) if traits.arrangement not in STILL else traits.arrangement
        traits = replace(traits, group=1, ties="by id", arrangement=still)
    if not setup.dated and traits.arrangement not in STILL:
        # Known limit: rows tell nothing of an edit that moves one to the front while another one is deleted.
        traits = replace(traits, acts=tuple(act for act in traits.acts if act != "delete") or ("edit",))
    if any(traits.lags):
        # Known limit: of a second that fills several pages, two replicas may hide the same row twice.
        traits = replace(traits, group=1, hot=0.0)
    if traits.ties != "by id":
        # Known limit: where ties break anew, a row that leaves in time takes the place of one that is missing.
        acts = tuple(act for act in traits.acts if act != "delete") or ("edit",)
        traits = replace(traits, acts=acts, restlessness=min(traits.restlessness, 0.1))
    return traits, all(KINDS[name].readable for name in names)


# Orders in which no edit moves a row.
STILL: tuple[Arrangement, ...] = ("as created", "newest row first")
ACTS = [
    ("insert", "edit", "delete"),
    ("insert", "edit", "delete", "delete"),
    ("edit",),
    ("insert",),
    ("insert", "edit"),
    ("delete", "insert"),
]

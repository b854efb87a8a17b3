"""Rules taken out, one at a time: without them the simulation has to find a loss, or it would not see one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_invoicing.streams import timestamps
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import keyset, memory, newest_change, overlap, passes, seen_rows, strategy, ties
from source_invoicing.streams.listing.pass_record import PassRecord
from source_invoicing.streams.page import Page
from source_invoicing.streams.state import CheckpointState


@dataclass(frozen=True)
class Mutation:
    """A rule that is taken out.

    :param target: whose attribute is replaced
    :param setup: the way to read that loses rows without it
    :param kind: of the server that shows it
    :param within: so many schedules find it
    """

    target: Any
    attribute: str
    instead: Any
    setup: str
    kind: str = "honest"
    within: int = 60


def _newest(self: strategy.Watermark) -> int | None:
    return self.newest


def _believed(self: keyset.Keyset, rows_before: Any) -> Any:
    self._memory.proof.established = True
    yield from ()


def _ends_with_a_short_page(self: Page, rows_so_far: int) -> bool:
    return not self.short and bool(self.rows) and (self.has_more or (self.total or 0) > rows_so_far)


# In the place of an attribute that is set.
NEVER = property(lambda self: False, lambda self, value: None)

MUTATIONS: Mapping[str, Mutation] = {
    "clocks that differ need no margin": Mutation(
        timestamps, "CLOCK_MARGIN", 0, "fastbill", "clocks apart", within=250
    ),
    "a cursor is the newest time seen": Mutation(
        strategy.Watermark, "cursor", property(_newest), "rest fixed pages", "rows from the future"
    ),
    "undated rows need not be looked for": Mutation(
        keyset.Keyset, "_look_at_newest_end", _believed, "zoho", "undated rows last"
    ),
    "totals need not add up": Mutation(
        memory.PreviousRequest,
        "not_counted_with",
        lambda self, following: 1_000_000,
        "invoiced, shared",
        "ignores the order",
    ),
    "an empty filter needs no proof": Mutation(
        strategy.FilterProof, "demand", lambda self: None, "rest fixed pages", "filters that second"
    ),
    "repeated rows prove nothing": Mutation(
        PassRecord, "repeated", property(lambda self: set()), "rest fixed pages, undated", "ties by page"
    ),
    "one pass is enough": Mutation(PassRecord, "agrees", property(lambda self: True), "rest fixed pages, undated"),
    "a row in two places is nothing": Mutation(
        seen_rows.SeenRows, "suspect", lambda self, view: None, "fastbill, undated", "ties by page"
    ),
    "one pass over a second is enough": Mutation(
        ties.TieProof, "add", lambda self, met, size: True, "invoiced", "ties by page"
    ),
    "nothing is put in front": Mutation(
        overlap.Overlap, "_lacks_rows", lambda self, seen, dated: False, "rest offsets, undated"
    ),
    "no token counts": Mutation(
        passes, "looks_like_page_numbers", lambda tokens: False, "rest tokens, undated", within=150
    ),
    "a page that was disproved stays in the state": Mutation(
        CursorState, "roll_back", lambda self, key: None, "zoho, by creation", "ties like MySQL"
    ),
    "a place that was disproved stays in the state": Mutation(
        CheckpointState, "roll_back", lambda self, key: None, "rest offsets, undated", "ties like MySQL", within=600
    ),
    "a list that changed lately is read once": Mutation(
        passes.Passes, "_changed_during_read", NEVER, "invoiced adjustments", "two replicas", within=150
    ),
    "totals are never late": Mutation(
        passes.Passes, "_changed_during_read", NEVER, "invoiced adjustments", "totals from a cache"
    ),
    "the head of a list proves its order": Mutation(
        newest_change,
        "check_newest_first",
        lambda strategy, timestamps, since: None,
        "invoiced notes",
        "ignores the order",
    ),
    "a short page is the last one": Mutation(Page, "has_next", _ends_with_a_short_page, "invoiced", "hidden rows"),
}

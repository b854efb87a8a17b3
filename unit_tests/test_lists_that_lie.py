"""What the simulation of lists that lie has found, each in its smallest form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from source_invoicing.http import Failure
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import (
    KEYSET,
    NEWEST_CHANGE,
    NEWEST_ROW,
    OVERLAP_UNFILTERED,
    PASSES,
    ListReader,
    Offsets,
    Pages,
    Passes,
    Plan,
    RemainingPlans,
    Tokens,
)
from source_invoicing.streams.listing.errors import PlanNotSupported
from source_invoicing.streams.listing.keyset import Keyset
from source_invoicing.streams.listing.overlap import Overlap
from source_invoicing.streams.listing.pass_record import PassRecord
from source_invoicing.streams.listing.placed_page import PlacedPage
from source_invoicing.streams.listing.seen_rows import SeenRows
from source_invoicing.streams.listing.strategy import FilterProof
from source_invoicing.streams.listing.ties import TieProof
from source_invoicing.streams.page import Order, Page, PageRequest, Row
from source_invoicing.streams.state import CheckpointState
from source_invoicing.streams.timestamps import CLOCK_MARGIN, UnixSeconds
from unit_tests.scripted_list import ScriptedList

NOW = 1_700_000_000


def row(identity: int, at: int | None = 0) -> Row:
    return {"id": identity, "at": None if at is None else NOW + at}


def rows(*identities: int) -> list[Row]:
    return [row(identity) for identity in identities]


def ids(strategy: Any, since: int | None = None) -> set[int]:
    return {each["id"] for batch in strategy.batches(since) for each in batch.rows}


def more(*identities: int, **told: Any) -> Page:
    return Page(rows(*identities), **{"has_more": True, **told})


def last(*identities: int, **told: Any) -> Page:
    return Page(rows(*identities), **{"has_more": False, **told})


# -- passes -----------------------------------------------------------------------------------------------------------


def test_a_row_that_left_fills_no_place_of_a_later_pass() -> None:
    """Rows a, b, c, d; a is deleted and e inserted between the passes, and c never comes."""
    script = ScriptedList([more(1, 2), last(1, 4), *[more(2, 5), last(2, 4)] * 9])

    with pytest.raises(Failure, match="another order on each page"):
        ids(Passes(script, PASSES))


def test_a_page_of_inserts_is_no_end_though_inserted_rows_make_up_for_rows_that_did_not_come() -> None:
    def respond(request: PageRequest) -> Page:
        numbers = range(20 - 3 * request.number, 17 - 3 * request.number, -1)
        return Page(rows(*[n for n in numbers if n > 0]), has_more=request.number < 6, total=17)

    first = [more(6, 5, 4, total=6), more(8, 7, 6, total=11), more(5, 4, 3, total=14), more(5, 4, 3, total=17)]
    script = ScriptedList([*first, respond])

    assert ids(Passes(script, NEWEST_ROW)) >= {1, 2}


def two_replicas(fresh: list[Row], late: list[Row]) -> ScriptedList:
    """A list in pages of four, or as many as are asked for, whose second page comes from a replica that is late."""

    def answer(request: PageRequest) -> Page:
        there, size = late if request.number == 2 else fresh, request.size or 4
        if request.order is Order.NEWEST_ROW_FIRST:
            there = sorted(there, key=lambda each: -each["id"])
        page = there[(request.number - 1) * size :][:size]
        return Page(page, has_more=request.number * size < len(there), total=len(there), server_time=NOW)

    return ScriptedList([answer], paging=Pages(resizable=True))


OLD = [row(identity, -100 * (13 - identity)) for identity in range(12, 0, -1)]


def test_a_replica_that_lacks_the_latest_insert_and_delete_hides_no_row() -> None:
    fresh = [row(13, -1), *(each for each in OLD if each["id"] != 6)]

    assert ids(Passes(two_replicas(fresh, OLD), NEWEST_ROW)) >= {*range(1, 14)} - {6}


def test_a_replica_that_lacks_the_latest_edit_hides_no_row() -> None:
    """Down to row 4, where no total shows that one is missing."""
    fresh = [row(2, -1), *(each for each in OLD if each["id"] != 2)]
    reader = ListReader(two_replicas(fresh, OLD), RemainingPlans("things", [NEWEST_CHANGE, NEWEST_ROW]))

    assert ids(reader, NOW - 900) == {2, *range(4, 13)}


@pytest.mark.parametrize("plan", [NEWEST_ROW, NEWEST_CHANGE])
def test_a_total_that_is_late_hides_no_row(plan: Plan) -> None:
    """Row 11 is deleted behind the first page, and the total of the second does not know it yet."""
    here = list(OLD)

    def answer(request: PageRequest) -> Page:
        told = 12 if len(script.asked) <= 2 else len(here)
        if len(script.asked) == 2:
            del here[1]
        size = request.size or 4
        page = here[(request.number - 1) * size :][:size]
        return Page(page, has_more=request.number * size < len(here), total=told, server_time=NOW)

    script = ScriptedList([answer], paging=Pages(resizable=True))

    assert ids(plan.strategy(script, plan)) == {*range(1, 13)}


@pytest.mark.parametrize("plan", [NEWEST_ROW, NEWEST_CHANGE])
def test_a_list_that_nobody_changed_lately_is_read_once(plan: Plan) -> None:
    script = two_replicas(OLD, OLD)

    assert ids(plan.strategy(script, plan)) == {*range(1, 13)}
    assert [request.number for request in script.asked][:3] == [1, 2, 3]
    assert len(script.asked) == 3 + (plan is NEWEST_CHANGE)


def test_rows_repeated_at_some_borders_are_not_what_a_token_that_includes_its_row_repeats() -> None:
    """Page numbers as tokens, a list at rest that breaks ties anew: row 4 stands on two pages, and row 3 on none."""
    one_pass = [more(1, 2, next="2"), more(5, 4, next="3"), last(4, 6)]
    script = ScriptedList([*one_pass, *one_pass, *one_pass], paging=Tokens())

    with pytest.raises(Failure, match="another order on each page"):
        ids(Passes(script, PASSES))


@pytest.mark.parametrize(("second", "agrees"), [([[9, 1], [2, 3]], True), ([[1, 2], [3, 9]], False)])
def test_what_was_repeated_was_pushed_only_if_new_rows_stand_in_front(second: list[list[int]], agrees: bool) -> None:
    record: PassRecord | None = None
    for one_pass in ([[1, 2], [2, 3]], second):
        record = PassRecord(record)
        for page in one_pass:
            record.tally.add(tuple(page))
            record.take(rows(*page), page, page)

    assert record is not None
    assert record.agrees is agrees


def test_a_page_with_nothing_new_is_believed_once_the_opposite_order_is_another_one() -> None:
    same = Page(rows(1, 2, 3), has_more=True, total=9)

    with pytest.raises(PlanNotSupported, match="does not sort"):
        ids(NEWEST_CHANGE.strategy(ScriptedList([same]), NEWEST_CHANGE), NOW + 50)


def test_the_newest_row_may_be_deleted_from_a_list_that_sorts() -> None:
    newest = Page([row(3, 20), row(2, 10)], has_more=True, total=4)
    script = ScriptedList([newest, Page([row(1, -20), row(4, -10)], has_more=True, total=4)])

    assert ids(NEWEST_CHANGE.strategy(script, NEWEST_CHANGE), NOW + 50) == set()
    assert len(script.asked) == 2


def test_ties_that_break_anew_leave_the_plan_by_change() -> None:
    script = ScriptedList([more(1, 2, 3, total=7), more(4, 3, 5, total=7), last(6, total=7)])

    with pytest.raises(PlanNotSupported, match="another order on each page"):
        ids(NEWEST_CHANGE.strategy(script, NEWEST_CHANGE))


@pytest.mark.parametrize(("paging", "passes"), [(Pages(), 2), (Pages(resizable=True), 4)])
def test_a_row_that_comes_twice_in_each_pass_leaves_the_plan_by_change(paging: Pages, passes: int) -> None:
    first, second = more(1, 2, 3, total=6), last(3, 4, 5, total=6)
    script = ScriptedList([first, second] * 20, paging=paging)

    with pytest.raises(PlanNotSupported, match="6 rows and holds 5 different ones"):
        ids(NEWEST_CHANGE.strategy(script, NEWEST_CHANGE))
    assert len(script.asked) == 2 * passes


def test_rows_that_nothing_pushed_show_that_ties_break_anew() -> None:
    """Row 4, of the same second as row 3, is on no page down to the cursor; totals say nothing of that."""
    first = Page([row(9), row(3)], has_more=True, total=9)
    second = Page([row(3), row(1, -900)], has_more=True, total=9)
    script = ScriptedList([first, second, first, second])

    with (
        mock.patch("time.time", return_value=float(NOW + 1000)),
        pytest.raises(PlanNotSupported, match="another order on each page"),
    ):
        ids(NEWEST_CHANGE.strategy(script, NEWEST_CHANGE), NOW - 500)


def test_a_filter_needs_no_proof_where_no_row_has_a_time() -> None:
    listing = ScriptedList([Page([row(1, None)], has_more=True)])

    FilterProof(Passes(listing, PASSES), NOW).demand()


# -- keyset -----------------------------------------------------------------------------------------------------------


def test_rows_that_are_repeated_apart_prove_nothing_even_with_pages_of_two_sizes() -> None:
    proof = TieProof(is_past=False)

    assert not proof.add([[1, 2, 3], [1]], None)
    assert not proof.add([[1, 2], [3, 1]], 2)


def test_no_later_page_promises_what_a_page_may_not_have_seen_yet() -> None:
    """A change that is committed late stands behind a reading that has passed its second."""
    script = ScriptedList(
        [
            Page([row(1, -500), row(2, -5)], has_more=True, total=4, server_time=NOW),
            Page([row(4, 150), row(3, 100)], has_more=True, total=4, server_time=NOW),
            Page([row(2, -5), row(3, 100)], has_more=True, total=3, server_time=NOW + 200),
            Page([row(3, 100), row(4, 150)], has_more=False, total=2, server_time=NOW + 400),
            Page([row(4, 150), row(3, 100)], has_more=False, total=4, server_time=NOW + 400),
        ]
    )
    with mock.patch("time.time", return_value=float(NOW + 1000)):
        cursors = [batch.cursor for batch in Keyset(script, KEYSET).batches(None) if batch.cursor is not None]

    assert max(cursors) <= NOW - CLOCK_MARGIN


def test_a_far_end_that_lacks_a_row_of_the_first_page_shows_a_list_that_is_not_sorted() -> None:
    """Pages of two rows of a list that comes newest row first whatever is asked for, in threes: sorted by chance."""
    first = Page([row(78, -4318), row(79, -4290)], has_more=True, server_time=NOW)
    far_end = Page([row(81, -90), row(78, -4318)], has_more=True, server_time=NOW)
    script = ScriptedList([first, far_end, Page([row(79, -4290), row(81, -90)], has_more=False, server_time=NOW)])

    with pytest.raises(PlanNotSupported, match="does not sort by modification time"):
        ids(Keyset(script, KEYSET))


def test_rows_later_than_the_far_end_show_a_list_that_is_not_sorted() -> None:
    first = Page([row(1, -9000), row(2, -9000)], has_more=True, server_time=NOW)
    later = Page([row(2, -9000), row(3, -5000)], has_more=True, server_time=NOW)
    script = ScriptedList([first, replace(first, rows=first.rows[::-1]), later, later])

    with pytest.raises(PlanNotSupported, match="does not sort"):
        ids(Keyset(script, KEYSET))


def test_a_filter_that_lists_pages_of_undated_rows_whatever_it_is_asked_leaves_the_plan() -> None:
    undated = Page([row(1, None), row(2, None)], has_more=True, total=9)
    dated = Page([row(3, -9000), row(4, -8000)], has_more=True, total=9)
    newest = Page(dated.rows[::-1], has_more=True, total=9)

    def answer(request: PageRequest) -> Page:
        if request.order is Order.NEWEST_CHANGE_FIRST:
            return newest
        return undated if request.number == 1 else dated

    script = ScriptedList([answer])

    with pytest.raises(PlanNotSupported, match="whatever it is filtered by"):
        ids(Keyset(script, KEYSET))
    assert len(script.asked) < 10


# -- overlap ----------------------------------------------------------------------------------------------------------


def test_of_pages_that_reach_as_far_the_largest_is_asked_for() -> None:
    covering = Pages(resizable=True).covering(PageRequest(), 5, 3)

    assert covering == (PageRequest(number=2, size=3), 3)


def test_a_row_on_a_page_that_was_only_looked_at_is_handed_out() -> None:
    """Row 9 stands on a page that contradicts the one before; when it is looked at again, another row stands there."""
    script = ScriptedList(
        [
            more(1, 2, 3),
            more(9, 2, 4),
            more(1, 2, 3),
            more(3, 4, 5),
            last(5),
        ],
        paging=Offsets(),
    )

    assert 9 in ids(Overlap(script, OVERLAP_UNFILTERED))


# -- what was promised and does not hold -------------------------------------------------------------------------------


def test_what_a_plan_has_promised_is_taken_back_when_it_is_left() -> None:
    first = Page([row(1, -9000), row(2, -8000)], has_more=True, total=4, server_time=NOW)
    wrong = Page([row(2, -8000), row(3, -9500)], has_more=True, total=3, server_time=NOW)
    everything = Page([row(n, -9000) for n in (1, 2, 3, 4)], has_more=False, total=4, server_time=NOW)
    newest = Page([row(4, -3000), row(2, -8000)], has_more=True, total=4, server_time=NOW)
    reader = ListReader(ScriptedList([first, newest, wrong, everything]), RemainingPlans("things", (KEYSET, PASSES)))

    batches = list(reader.batches(None))

    assert [batch.rolls_back for batch in batches].count(True) == 1


def test_a_state_goes_back_to_where_its_run_began() -> None:
    state = CursorState("things", "at", UnixSeconds(), ())
    state.restore({"at": NOW - 500})
    state.advance(None, NOW - 100)

    state.roll_back(None)

    assert state.value() == {"at": NOW - 500}


def test_a_place_in_a_list_that_was_disproved_is_forgotten() -> None:
    checkpoint = {"offset": 3, "row": 3, "filtered": False, "since": None, "began": NOW, "newest": None}
    state = CheckpointState("things")
    state.restore({"walk": checkpoint})

    state.roll_back(None)

    assert state.checkpoint is None


def test_ranges_of_a_list_that_cannot_be_read_by_key_promise_nothing_afterwards() -> None:
    state = CursorState("things", "at", UnixSeconds(), ())
    state.restore({"at": NOW - 500})
    state.forget_ranges()

    state.advance(None, NOW - 100, is_range=True)

    assert state.value() == {"at": NOW - 500}


def test_a_row_that_was_inserted_and_met_stands_for_no_other_in_the_total() -> None:
    listing = ScriptedList([], paging=Offsets())
    seen = SeenRows()
    pages = [(0, Page(rows(1, 2, 3), total=4)), (2, Page(rows(3, 5), total=5))]

    for offset, page in pages:
        seen.take(PlacedPage.of(listing, PageRequest(offset=offset), page, offset))

    assert seen.shortfall == 1

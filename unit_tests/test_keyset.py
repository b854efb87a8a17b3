"""Reading by key: whatever others do to a list, each row that was there throughout is handed out."""

from __future__ import annotations

import gc
import random
import time
import weakref
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_invoicing.http import UnexpectedResponse
from source_invoicing.streams.listing import KEYSET
from source_invoicing.streams.listing.errors import PlanNotSupported
from source_invoicing.streams.listing.keyset import Keyset
from source_invoicing.streams.listing.memory import KeysetMemory
from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.listing.ranges import KeyRange, KeyRanges
from source_invoicing.streams.listing.ties import TieProof
from source_invoicing.streams.page import Order, Page, PageRequest, Paging, Row
from source_invoicing.streams.timestamps import CLOCK_MARGIN
from unit_tests.moving_list import SNAPSHOT, Filter, MovingList, Stance
from unit_tests.scripted_list import ScriptedList

TIMESTAMPS = st.lists(st.integers(0, 40), min_size=0, max_size=60)
SEEDS = st.integers(0, 10_000)
BULK = st.lists(st.sampled_from([7, 7, 7, 7, 8, 20]), min_size=0, max_size=60)
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def keyset(listing: MovingList) -> Keyset:
    return Keyset(listing, KEYSET)


def read(listing: MovingList, since: int | None = None) -> list[Hashable]:
    """The ids that come, in order."""
    return [row["id"] for batch in keyset(listing).batches(since) for row in batch.rows]


def read_with_the_next_plan(listing: MovingList, since: int | None = None) -> list[Hashable]:
    """The same; a list that cannot be read by key is read by the next plan."""
    ids: list[Hashable] = []
    try:
        for batch in keyset(listing).batches(since):
            ids += [row["id"] for row in batch.rows]
    except PlanNotSupported:
        ids += [row["id"] for batch in SNAPSHOT.strategy(listing, SNAPSHOT).batches(since) for row in batch.rows]
    return ids


# -- at rest ----------------------------------------------------------------------------------------------------------


def test_an_empty_page_that_counts_rows_and_says_it_goes_on_is_passed() -> None:
    rows = [{"id": 1, "at": 5}, {"id": 2, "at": 6}]

    def page(request: PageRequest) -> Page:
        is_empty = request.number == 1 and request.since is None
        return Page([] if is_empty else rows, has_more=is_empty, total=2)

    batches = list(Keyset(ScriptedList([page]), KEYSET).batches(None))

    assert [row["id"] for batch in batches for row in batch.rows] == [1, 2]


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 6, 9, 10, 11, 19, 20, 21, 100, 401])
@pytest.mark.parametrize("tells", ["total and more", "total", "more", "nothing"])
@pytest.mark.parametrize("duplicates", [1, 3])
def test_a_list_at_rest_is_handed_out_once(rows: int, tells: str, duplicates: int) -> None:
    listing = MovingList(
        [timestamp * 3 for timestamp in range(rows)],
        tells_total="total" in tells and duplicates == 1,
        tells_more="more" in tells,
        duplicates=duplicates,
    )

    assert sorted(read(listing)) == list(range(rows))  # type: ignore[type-var]


def test_it_costs_what_the_page_size_dictates() -> None:
    listing = MovingList([number * 3 for number in range(1000)], size=100)

    read(listing)

    # 1000 rows: 10 pages, each of which begins with the last row of the one before, and a look at the far end.
    assert [request.order for request in listing.asked] == [
        Order.OLDEST_CHANGE_FIRST,
        Order.NEWEST_CHANGE_FIRST,
        *[Order.OLDEST_CHANGE_FIRST] * 10,
    ]
    assert {request.number for request in listing.asked} == {1}


@pytest.mark.parametrize("rows", [1, 3])
def test_a_short_page_that_does_not_say_that_it_is_the_last_costs_one_request_behind_it(rows: int) -> None:
    listing = MovingList(range(rows), tells_total=False, tells_more=False, tells_short=True)

    assert read(listing) == list(range(rows))
    assert len(listing.asked) == 2


def test_a_short_last_page_that_does_not_say_that_it_is_the_last_costs_one_request_behind_it() -> None:
    listing = MovingList(range(0, 40, 3), size=10, tells_total=False, tells_more=False, tells_short=True)

    read(listing)

    assert len(listing.asked) == 2 + 1 + 1  # the look at the far end, and the one behind the short page


def test_a_list_without_totals_costs_one_look_at_its_far_end() -> None:
    listing = MovingList(range(401), size=200, tells_total=False)

    read(listing)

    assert [request.order for request in listing.asked].count(Order.NEWEST_CHANGE_FIRST) == 1
    assert len(listing.asked) == 4


def test_a_list_of_one_page_and_totals_that_add_up_need_no_look_at_the_far_end() -> None:
    short, filtered = MovingList(range(4), size=10), MovingList(range(20))

    read(short)
    read(filtered, since=3)

    assert {request.order for each in (short, filtered) for request in each.asked} == {Order.OLDEST_CHANGE_FIRST}


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("stance", ["honest", "ignores filter"])
def test_a_later_sync_with_something_to_list_costs_no_more_than_that(stance: Stance, tells_total: bool) -> None:
    listing = MovingList(range(9), size=10, stance=stance, tells_total=tells_total)

    assert set(read(listing, since=7)) >= {7, 8}
    assert len(listing.asked) == 1


# -- that moves -------------------------------------------------------------------------------------------------------


@many
@given(
    timestamps=TIMESTAMPS | BULK,
    seed=SEEDS,
    includes_boundary=st.booleans(),
    tells_more=st.booleans(),
    tells_total=st.booleans(),
    size=st.integers(4, 13),
)
def test_nothing_slips_through_a_list_that_moves(
    *, timestamps: list[int], seed: int, includes_boundary: bool, tells_more: bool, tells_total: bool, size: int
) -> None:
    listing = MovingList(
        timestamps,
        size=size,
        includes_boundary=includes_boundary,
        tells_more=tells_more,
        tells_total=tells_total,
        restlessness=0.4,
        chance=random.Random(seed),
    )

    assert listing.throughout <= set(read_with_the_next_plan(listing)) or not listing.throughout


@some
@given(timestamps=TIMESTAMPS, seed=SEEDS, tells_total=st.booleans())
def test_a_list_that_rows_are_only_put_into_is_always_read_by_key(
    timestamps: list[int], seed: int, tells_total: bool
) -> None:
    listing = MovingList(
        timestamps,
        size=10,
        tells_total=tells_total,
        restlessness=0.4,
        acts=("insert", "edit"),
        chance=random.Random(seed),
    )

    assert listing.throughout <= set(read(listing))


@many
@given(
    timestamps=TIMESTAMPS,
    seed=SEEDS,
    tells_total=st.booleans(),
    stance=st.sampled_from(["ignores sort", "ignores filter", "ignores both"]),
)
def test_a_server_that_ignores_what_it_is_asked_makes_no_row_slip_through(
    timestamps: list[int], seed: int, tells_total: bool, stance: Stance
) -> None:
    listing = MovingList(
        timestamps,
        stance=stance,
        tells_total=tells_total,
        restlessness=0.3,
        most_changes=12,
        chance=random.Random(seed),
    )

    assert listing.throughout <= set(read_with_the_next_plan(listing))


@pytest.mark.parametrize("stance", ["ignores sort", "ignores filter", "ignores both"])
@pytest.mark.parametrize("since", [None, 30])
def test_a_server_that_does_not_do_what_it_is_asked_is_found_out(stance: Stance, since: int | None) -> None:
    listing = MovingList([(number * 37) % 101 for number in range(50)], stance=stance)

    with pytest.raises(PlanNotSupported):
        read(listing, since)


@some
@given(timestamps=TIMESTAMPS | BULK, seed=SEEDS, since=st.integers(0, 60), meaning=st.sampled_from(["since", "equal"]))
@pytest.mark.parametrize("tells_total", [True, False])
def test_what_changed_since_does_not_slip_through(
    tells_total: bool, timestamps: list[int], seed: int, since: int, meaning: Filter
) -> None:
    listing = MovingList(
        timestamps, size=10, restlessness=0.4, filter=meaning, tells_total=tells_total, chance=random.Random(seed)
    )
    before = {row["id"] for row in listing.rows if row["at"] >= since}

    ids = set(read_with_the_next_plan(listing, since))

    assert before & listing.throughout <= ids


# -- one second that fills pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells_total", [True, False])
def test_one_second_that_fills_many_pages_is_read_completely_and_the_reading_moves_on(tells_total: bool) -> None:
    listing = MovingList([1, 2, *[5] * 50, 6, 7, 8], tells_total=tells_total)

    assert sorted(read(listing)) == list(range(55))  # type: ignore[type-var]


@pytest.mark.parametrize("includes_boundary", [False, True])
def test_seconds_that_fill_pages_one_after_the_other_do_not_hold_the_reading_up(includes_boundary: bool) -> None:
    listing = MovingList([7] * 12 + [8] * 13 + [9] * 3 + [11], includes_boundary=includes_boundary)

    assert sorted(read(listing)) == list(range(29))  # type: ignore[type-var]
    assert len(listing.asked) < 40


def test_a_row_that_leaves_such_a_second_between_two_pages_pulls_none_out_of_sight() -> None:
    listing = MovingList([5] * 40)

    def edit_the_first_row_before_page_3(request: PageRequest) -> None:
        if request.number == 3 and listing.rows[0]["at"] == 5:
            listing.rows[0]["at"] = listing.clock = listing.clock + 1

    listing.before_each(edit_the_first_row_before_page_3)

    assert set(read(listing)) == set(range(40))


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("timestamps", [[5] * 60, [1, 2, *[5] * 50, 6, 7, 8], [5] * 23 + [6] * 24 + [9]])
def test_ties_that_are_broken_anew_on_each_page_are_read_with_pages_of_other_sizes(
    timestamps: list[int], tells_total: bool
) -> None:
    listing = MovingList(
        timestamps, size=10, ties="by page", tells_total=tells_total, chooses_size=True, paging=Pages(resizable=True)
    )

    assert set(read(listing)) == set(range(len(timestamps)))


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("honours_size", [True, False])
@pytest.mark.parametrize("timestamps", [[5] * 60, [1, 2, *[5] * 50, 6, 7, 8]])
def test_ties_that_are_broken_anew_on_each_page_are_no_complete_list_where_pages_have_one_size(
    timestamps: list[int], tells_total: bool, honours_size: bool
) -> None:
    paging: Paging = Pages(resizable=not honours_size)
    listing = MovingList(timestamps, size=10, ties="by page", tells_total=tells_total, paging=paging)

    with pytest.raises(PlanNotSupported, match="another order on each page") as error:
        read(listing)
    assert "unique" in error.value.advice
    assert len(listing.asked) < 40


@some
@given(
    timestamps=st.lists(st.sampled_from([7, 7, 7, 7, 7, 8, 8, 20]), min_size=20, max_size=80),
    seed=SEEDS,
    ties=st.sampled_from(["by page", "at random"]),
    tells_total=st.booleans(),
    chooses_size=st.booleans(),
    restlessness=st.sampled_from([0.0, 0.3]),
)
def test_whatever_the_order_of_ties_no_row_is_lost_in_silence(
    *, timestamps: list[int], seed: int, ties: Any, tells_total: bool, chooses_size: bool, restlessness: float
) -> None:
    listing = MovingList(
        timestamps,
        size=10,
        ties=ties,
        tells_total=tells_total,
        chooses_size=chooses_size,
        paging=Pages(resizable=chooses_size),
        restlessness=restlessness,
        most_changes=10,
        chance=random.Random(seed),
    )

    assert listing.throughout <= set(read_with_the_next_plan(listing))


def test_rows_that_a_vendor_lists_several_times_agree_in_pages_of_two_sizes() -> None:
    listing = MovingList(
        [5] * 30 + [6], duplicates=2, tells_total=False, chooses_size=True, paging=Pages(resizable=True)
    )

    assert set(read(listing)) == set(range(31))


@pytest.mark.parametrize(
    ("passes", "is_past", "settled"),
    [
        (["ab"], True, [False]),
        (["ab", "ab"], False, [False, True]),
        (["ab", "ba"], False, [False, False]),
        (["ab", "ba"], True, [False, True]),  # two places, two rows
        (["aab", "aab"], True, [False, False]),  # three places, two rows
        (["aab", "aab", "abc"], True, [False, False, True]),
        (["abc", "ab", "ab"], True, [False, False, True]),  # c left
        (["abc", "abd", "abd"], False, [False, False, True]),
        (["aac", "abb"], True, [False, False]),  # a, b and c were met, but c may have left meanwhile
    ],
)
def test_what_proves_that_passes_have_met_all_ties(passes: list[str], is_past: bool, settled: list[bool]) -> None:
    proof = TieProof(is_past=is_past)

    assert [proof.add([[key] for key in met], None) for met in passes] == settled


def test_a_row_that_comes_twice_on_one_page_says_nothing_about_the_order() -> None:
    proof = TieProof(is_past=True)

    assert [proof.add([["a", "a", "b"]], None) for _ in range(2)] == [False, True]
    assert not proof.unstable


def test_repeated_rows_in_pages_of_two_sizes_prove_a_vendor_that_repeats_them() -> None:
    proof = TieProof(is_past=True)

    assert [proof.add([["a"], ["a", "b"]], size) for size in (None, None, 9)] == [False, False, True]


# -- rows that change while they are read ----------------------------------------------------------------------------


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("touched", ["what was listed", "a page for each request"])
@pytest.mark.parametrize("rows", [30, 75])
def test_a_list_that_changes_faster_than_it_can_be_read_is_given_up(touched: str, tells_total: bool, rows: int) -> None:
    listing = MovingList(range(rows), size=10, tells_total=tells_total)

    def touch(_: PageRequest, page: Page) -> Page:
        listing.clock += 1
        ids = [row["id"] for row in page.rows]
        if touched != "what was listed":
            ids = [(10 * len(listing.asked) + number) % rows for number in range(10)]
        for row in listing.rows:
            if row["id"] in ids:
                row["at"] = listing.clock
        return page

    listing.rewrite(touch)

    with pytest.raises(UnexpectedResponse, match=r"changes faster than it can be read.* fewer rows are changed"):
        read(listing)
    assert len(listing.asked) <= rows + 60


@pytest.mark.parametrize("rows", [100, 300])
def test_a_list_whose_rows_all_change_once_while_it_is_read_is_read_to_its_end(rows: int) -> None:
    listing = MovingList(range(rows), size=5)

    def touch(_: PageRequest) -> None:
        listing.clock += 1
        number = len(listing.asked)
        if number < rows:
            listing.rows[number]["at"] = listing.clock

    listing.before_each(touch)

    assert set(read(listing)) == set(range(rows))


# -- rows without a modification time ---------------------------------------------------------------------------------


@some
@given(
    timestamps=st.lists(st.none() | st.integers(-20, 20), max_size=60),
    blanks=st.sampled_from(["first", "last"]),
    tells_total=st.booleans(),
    tells_more=st.booleans(),
)
def test_rows_without_a_modification_time_are_handed_out_wherever_they_stand(
    timestamps: list[int | None], blanks: Any, tells_total: bool, tells_more: bool
) -> None:
    listing = MovingList(timestamps, size=10, blanks=blanks, tells_total=tells_total, tells_more=tells_more)

    assert set(read_with_the_next_plan(listing)) == set(range(len(timestamps)))


@pytest.mark.parametrize("since", [None, 50])
@pytest.mark.parametrize("rows", [4, 20])
def test_a_filter_leaves_rows_without_a_modification_time_out_and_no_request_is_made_for_them(
    rows: int, since: int | None
) -> None:
    listing = MovingList([*range(100, 100 + rows), None], size=6)

    ids = read_with_the_next_plan(listing, since)

    assert set(ids) == set(range(rows + (since is None)))
    assert len(listing.asked) == 1 + (rows > 6) * 3 or since is None


@pytest.mark.parametrize("blanks", [12, 14])
@pytest.mark.parametrize("tells_more", [True, False])
@pytest.mark.parametrize("times", [[-50, -40, -30, 10, 20, 30, 40, 50], range(-90, -10, 10), [-500] * 8, [-5, 0, 5]])
def test_rows_dated_before_1970_behind_pages_of_rows_without_a_modification_time(
    blanks: int, times: Sequence[int], tells_more: bool
) -> None:
    timestamps = [*[None] * blanks, *times]
    listing = MovingList(timestamps, size=6, tells_total=False, tells_more=tells_more, blanks="first")

    assert set(read_with_the_next_plan(listing)) == set(range(len(timestamps)))


@pytest.mark.parametrize("blanks", [2, 25])
@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("rows", [20, 40])
def test_nothing_is_promised_before_rows_without_a_modification_time_were_looked_for(
    rows: int, tells_total: bool, blanks: int
) -> None:
    listing = MovingList([*range(0, rows, 2), *[None] * blanks], size=6, tells_total=tells_total)
    undated: set[Hashable] = set(range(rows // 2, rows // 2 + blanks))
    seen: set[Hashable] = set()
    promised = False
    try:
        for batch in keyset(listing).batches(None):
            seen |= {row["id"] for row in batch.rows}
            promised = promised or batch.cursor is not None
            assert not promised or undated <= seen
    except PlanNotSupported:
        assert tells_total
        assert not promised


def test_the_far_end_is_looked_at_right_behind_the_first_page() -> None:
    listing = MovingList([*range(0, 80, 2), None], tells_total=False)

    batches = keyset(listing).batches(None)
    first = [next(batches), next(batches)]

    assert [request.order for request in listing.asked] == [Order.OLDEST_CHANGE_FIRST, Order.NEWEST_CHANGE_FIRST]
    assert {row["id"] for batch in first for row in batch.rows} >= {0, 40}
    assert first[0].cursor is None
    assert next(batches).cursor is not None


def test_a_range_that_ends_with_its_first_page_is_not_promised_before_the_far_end_was_looked_at() -> None:
    # See test_ranges for how a range comes to be there.
    listing = MovingList([1, 2, 3, 4, 5, 6, 7, 8, None], size=6)
    seen = [row["id"] for batch in keyset(listing).batches(None, key_range=_up_to(4)) for row in batch.rows]

    assert 8 in seen


def _up_to(end: int) -> KeyRange:
    return KeyRange(KeyRanges(1, lambda _: None), None, end, None, KeysetMemory())


def test_rows_are_inserted_while_a_second_is_read_that_comes_again_behind_it() -> None:
    """The totals of the pages that list the second again say nothing about rows that no filter lists."""
    listing = MovingList([*[7] * 20, 8, 8, 20, 30, 40, 50, 60, None], size=6, includes_boundary=True)

    def insert_a_row(request: PageRequest) -> None:
        if request.number == 2:
            listing.clock += 1
            listing.rows.append({"id": 1000 + len(listing.asked), "at": listing.clock, "name": ""})

    listing.before_each(insert_a_row)
    seen: set[Hashable] = set()
    for batch in keyset(listing).batches(None):
        seen |= {row["id"] for row in batch.rows}
        assert batch.cursor is None or 27 in seen


def test_an_edit_between_the_first_two_requests_does_not_hide_rows_without_a_modification_time() -> None:
    """Both totals count the row that was edited, so that they add up."""
    listing = MovingList([*range(0, 40, 2), None], size=6)

    def edit_the_first_row(request: PageRequest) -> None:
        if len(listing.asked) == 1:
            listing.clock += 1
            listing.rows[0]["at"] = listing.clock

    listing.before_each(edit_the_first_row)

    assert set(read(listing)) == set(range(21))


def test_a_row_behind_a_second_that_slips_onto_a_page_of_it_is_not_lost() -> None:
    """A row leaves the second when all of it was read for the last time; what stood behind moves up."""
    listing = MovingList([5] * 20 + [6, 7], size=10)

    def edit_the_first_row_before_page_3(request: PageRequest) -> None:
        if request.number == 3:
            listing.clock += 1
            tied = [row for row in listing.rows if row["at"] == 5]
            tied[0]["at"] = listing.clock

    listing.before_each(edit_the_first_row_before_page_3)

    assert set(read_with_the_next_plan(listing)) == set(range(22))


@pytest.mark.parametrize("includes_boundary", [False, True])
def test_rows_of_a_second_that_come_again_are_not_counted_twice(includes_boundary: bool) -> None:
    """Where the boundary is included, the request behind a second lists it again, on more pages than the first."""
    listing = MovingList([*[7] * 16, 8, 8, 20, 30, None, None], size=6, includes_boundary=includes_boundary)
    seen: set[Hashable] = set()
    try:
        for batch in keyset(listing).batches(None):
            seen |= {row["id"] for row in batch.rows}
            assert batch.cursor is None or {20, 21} <= seen
    except PlanNotSupported:
        return
    assert {20, 21} <= seen


# -- filters and totals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("since", [None, 4, 5, 29])
@pytest.mark.parametrize("timestamps", [range(50), [*range(9), *[20] * 6, 30, 31], [*[5] * 30, 6, 31]])
def test_a_filter_that_means_that_very_second_is_found_out(
    timestamps: Sequence[int], since: int | None, tells_total: bool
) -> None:
    listing = MovingList(list(timestamps), size=10, filter="equal", tells_total=tells_total)

    with pytest.raises(PlanNotSupported):
        read(listing, since)


@pytest.mark.parametrize("tells_total", [True, False])
def test_a_filter_that_lists_nothing_costs_one_look_at_the_far_end(tells_total: bool) -> None:
    listing = MovingList(range(50), tells_total=tells_total)

    assert read(listing, since=49) == [49]
    assert [request.order for request in listing.asked] == [Order.OLDEST_CHANGE_FIRST, Order.NEWEST_CHANGE_FIRST]


def test_a_list_that_is_sorted_by_chance_on_its_first_page_is_held_to_its_totals() -> None:
    """The last row of page 1 was edited just now, and the filter therefore lists it alone."""
    listing = MovingList([*range(100, 199), 1000, *range(300, 500)], size=100, stance="ignores sort")

    with pytest.raises(PlanNotSupported):
        read(listing, since=50)


def test_a_list_that_is_sorted_by_chance_on_its_first_page_shows_it_at_its_far_end() -> None:
    listing = MovingList([*range(100, 199), 1000, *range(300, 500)], size=100, stance="ignores sort", tells_total=False)

    with pytest.raises(PlanNotSupported):
        read(listing, since=50)


def test_totals_have_to_add_up_at_every_step() -> None:
    listing = MovingList(range(0, 400, 2), size=20)

    def hide_rows_from_the_fifth_page(request: PageRequest, page: Page) -> Page:
        if request.since is None or request.since < 150:
            return page
        return replace(page, rows=page.rows[:1], total=1, has_more=False)

    listing.rewrite(hide_rows_from_the_fifth_page)

    with pytest.raises(PlanNotSupported, match="fewer rows than its totals count"):
        read(listing)


def test_a_row_that_leaves_between_two_pages_is_no_reason_to_read_in_another_way() -> None:
    listing = MovingList(range(0, 300, 5))

    def delete_the_newest_row(request: PageRequest) -> None:
        if len(listing.asked) in (1, 9):
            listing.throughout.discard(listing.rows.pop()["id"])

    listing.before_each(delete_the_newest_row)

    assert listing.throughout <= set(read(listing))
    assert [request.order for request in listing.asked].count(Order.NEWEST_CHANGE_FIRST) <= 2


def test_a_page_that_lacks_rows_once_is_asked_for_once_more() -> None:
    listing = MovingList([number * 3 for number in range(12)])
    listing.rewrite(lambda _, page: page if len(listing.asked) > 1 else replace(page, rows=[], has_more=False))

    assert read(listing) == list(range(12))


def test_a_list_that_tells_of_more_rows_than_it_hands_out_is_no_complete_list() -> None:
    listing = MovingList([number * 3 for number in range(12)])
    listing.rewrite(lambda _, page: replace(page, total=(page.total or 0) + 3))

    with pytest.raises(UnexpectedResponse, match="/things tells of"):
        read(listing)


# -- pages that are none ----------------------------------------------------------------------------------------------


def test_a_page_that_comes_again_and_again_ends_in_an_error_that_names_the_list() -> None:
    listing = MovingList([9] * 20)
    first = listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST))
    listing.rewrite(lambda _, __: replace(first))

    with pytest.raises(UnexpectedResponse, match="/things answers with the same page twice"):
        read(listing)


@pytest.mark.parametrize("timestamps", [[5], [1, 2, 9], [None, None]])
@pytest.mark.parametrize("since", [None, 7])
def test_an_api_that_does_not_page_and_does_not_say_so_is_read_once(
    timestamps: list[int | None], since: int | None
) -> None:
    listing = MovingList(timestamps, tells_total=False, tells_more=False)
    whole = replace(listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST)), short=True)
    listing.rewrite(lambda _, __: replace(whole))
    listing.asked.clear()

    assert read(listing, since) == list(range(len(timestamps)))
    assert len(listing.asked) <= 4


def test_no_content_in_the_place_of_a_promised_page_is_no_end() -> None:
    listing = MovingList(range(0, 400, 2), size=20, tells_total=False)
    listing.rewrite(
        lambda request, page: Page([], blank=True) if request.since is not None and request.since > 100 else page,
    )

    with pytest.raises(PlanNotSupported, match="does not list what changed"):
        read(listing)


def test_rows_that_were_all_deleted_meanwhile_are_no_error() -> None:
    listing = MovingList(range(0, 400, 2), size=20, tells_total=False)

    def delete_the_rest(request: PageRequest) -> None:
        if len(listing.asked) == 4:
            del listing.rows[40:]
            listing.throughout = {row["id"] for row in listing.rows}
            listing.rows.pop()

    listing.before_each(delete_the_rest)

    assert set(range(39)) <= set(read(listing))


def test_an_empty_page_of_a_list_that_says_it_goes_on_is_passed() -> None:
    listing = MovingList(range(0, 60, 2), tells_total=False)
    listing.rewrite(
        lambda request, page: (
            replace(page, rows=[], has_more=True)
            if request.number == 1 and request.order is Order.OLDEST_CHANGE_FIRST and request.since == 16
            else page
        ),
    )

    # What stood on the page that came empty is not in the list, by the server's account.
    assert set(read_with_the_next_plan(listing)) >= set(range(9))
    assert max(request.number for request in listing.asked) == 2


# -- versions of rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells_total", [True, False])
def test_a_row_that_is_edited_twice_within_a_second_comes_in_both_versions(tells_total: bool) -> None:
    listing = MovingList([1, 2, 3, 4, 5, 6, 7, 8], tells_total=tells_total)

    def edit_the_last_row_of_the_first_page_in_the_same_second(request: PageRequest) -> None:
        if request.since == 5:
            next(row for row in listing.rows if row["at"] == 5)["name"] = "edited"

    listing.before_each(edit_the_last_row_of_the_first_page_in_the_same_second)
    rows = [row for batch in keyset(listing).batches(None) for row in batch.rows]

    assert [row["name"] for row in rows if row["id"] == 4] == ["", "edited"]
    assert len(rows) == 9


def test_rows_that_the_receiver_changes_are_known_again() -> None:
    listing = MovingList([number // 2 for number in range(60)], size=10)
    ids = []
    for batch in keyset(listing).batches(None):
        for row in batch.rows:
            ids.append(row["id"])
            row.update(id=str(row["id"]), name="changed")

    assert ids == list(range(60))


# -- cursors ----------------------------------------------------------------------------------------------------------


def test_every_page_is_a_place_to_come_back_to() -> None:
    timestamps = [number * 2 for number in range(60)]
    whole = list(keyset(MovingList(timestamps)).batches(None))

    assert [batch.cursor for batch in whole[:1]] == [None]
    for cut, batch in enumerate(whole[1:], start=1):
        before = {row["id"] for earlier in whole[: cut + 1] for row in earlier.rows}
        after = read(MovingList(timestamps), since=batch.cursor)
        assert before | set(after) == set(range(60))
        assert len(before & set(after)) == 1


def test_no_cursor_lies_after_the_clocks_at_the_request_less_a_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 10**6)
    listing = MovingList([*range(40), 10_000], size=10)
    listing.clock = 30 + CLOCK_MARGIN

    cursors = [batch.cursor for batch in keyset(listing).batches(None)]

    assert cursors[-1] == 30
    assert max(cursor for cursor in cursors if cursor is not None) == 30


def test_no_cursor_lies_after_this_machines_clock_less_a_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = MovingList(range(40), size=10)
    monkeypatch.setattr(time, "time", lambda: 20 + CLOCK_MARGIN)

    assert list(keyset(listing).batches(None))[-1].cursor == 20


@pytest.mark.parametrize(("since", "cursor"), [(None, None), (5, 5), (10**9, 10)])
def test_a_reading_that_saw_no_row_promises_nothing_beyond_what_it_began_with(
    since: int | None, cursor: int | None
) -> None:
    listing = MovingList([])

    assert [batch.cursor for batch in keyset(listing).batches(since)] == [cursor]


# -- memory -----------------------------------------------------------------------------------------------------------


@dataclass
class Watched(MovingList):
    """Counts the rows of earlier answers that are alive when a page is asked for."""

    alive: int = 0

    def fetch(self, request: PageRequest) -> Page:
        gc.collect()
        self.alive = max(self.alive, sum(each() is not None for each in self.__dict__.setdefault("weak", [])))
        page = super().fetch(request)
        rows: list[Row] = [Kept(row) for row in page.rows]
        self.__dict__["weak"] = [weakref.ref(row) for row in rows]
        return replace(page, rows=rows)


class Kept(dict[str, Any]):
    """A row that can be watched."""


@pytest.mark.parametrize("timestamps", [range(0, 200, 2), [5] * 60, [1, 2, *[5] * 50, 6, 7, 8]])
def test_nothing_holds_on_to_the_rows_of_a_page_while_the_next_one_is_fetched(
    timestamps: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_invoicing.streams.listing.memory.checksum", lambda row: hash(tuple(row.items())))
    listing = Watched(timestamps, size=10)

    came = 0
    for batch in keyset(listing).batches(None):
        came += len(batch.rows)
        del batch

    assert came == len(timestamps)
    assert listing.alive == 0

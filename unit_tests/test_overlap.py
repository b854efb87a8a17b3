"""Pages that overlap, over offsets and over pages whose size may be chosen: whatever others do to a list while it is
read, each row that was there throughout is handed out."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_invoicing.http import UnexpectedResponse
from source_invoicing.streams.listing import NEWEST_CHANGE_OVERLAP
from source_invoicing.streams.listing.errors import PlanNotSupported
from source_invoicing.streams.listing.overlap import Overlap
from source_invoicing.streams.listing.paging import Offsets, Pages
from source_invoicing.streams.listing.strategy import Batch, Plan
from source_invoicing.streams.page import Order, Page, PageRequest, Paging
from unit_tests.moving_list import Arrangement, MovingList, sized_list
from unit_tests.server_parts import Ties

TIMESTAMPS = st.lists(st.integers(0, 40), min_size=0, max_size=60)
# Hypothesis prefers lists of a page; where nothing moves between pages, nothing can be lost.
SEVERAL_PAGES = st.lists(st.integers(0, 40), min_size=15, max_size=60)
SEEDS = st.integers(0, 10_000)
BULK = st.lists(st.sampled_from([7, 7, 7, 7, 8, 20]), min_size=0, max_size=60)
TELLS = st.tuples(st.booleans(), st.booleans(), st.booleans())
MOVING_ANYWHERE = st.sampled_from(["newest change first", "by name", "anywhere"])
Kind = Callable[..., MovingList]
KINDS = st.sampled_from([MovingList, sized_list])
ARRANGEMENTS: tuple[Arrangement, ...] = get_args(Arrangement)[:-1]

AS_IT_COMES = Plan(Overlap, filtered=False)
FILTERED = Plan(Overlap)
CREATION = Plan(Overlap, Order.OLDEST_ROW_FIRST, filtered=False)
CREATION_FILTERED = Plan(Overlap, Order.OLDEST_ROW_FIRST)
NEWEST_ROW = Plan(Overlap, Order.NEWEST_ROW_FIRST, filtered=False)
SIZED = Pages(resizable=True)
NEWEST_CHANGE = NEWEST_CHANGE_OVERLAP
PLANS = [AS_IT_COMES, CREATION, CREATION_FILTERED, NEWEST_ROW, NEWEST_CHANGE]


def overlap(listing: MovingList, plan: Plan = AS_IT_COMES, paging: Paging | None = None) -> Overlap:
    listing.paging = paging or (SIZED if listing.chooses_size else Offsets())
    strategy = plan.strategy(listing, plan)
    assert isinstance(strategy, Overlap)
    return strategy


def hand_out(strategy: Overlap, since: int | None = None) -> list[Hashable]:
    """The ids a reading hands out, in order."""
    return [row["id"] for batch in strategy.batches(since) for row in batch.rows]


def handed_out(batches: Sequence[Batch]) -> set[Hashable]:
    return {row["id"] for batch in batches for row in batch.rows}


def left_to_the_next_sync(listing: MovingList, batches: Sequence[Batch]) -> set[Hashable]:
    """The rows that were changed at or after the time the batches promise."""
    cursor = batches[-1].cursor
    return {row["id"] for row in listing.rows if cursor is None or row["at"] >= cursor}


def restless(
    timestamps: Sequence[int | None], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement, **more: Any
) -> MovingList:
    """A list that others move the rows of.

    :param tells: whether it tells its total, whether it tells that more rows follow, and whether all in a row lasts
    """
    tells_total, tells_more, lasts = tells
    kind: Kind = more.pop("kind", MovingList)
    return kind(
        timestamps,
        tells_total=tells_total,
        tells_more=tells_more,
        differs=not lasts,
        arrangement=arrangement,
        restlessness=0.4,
        chance=random.Random(seed),
        **more,
    )


# -- lists at rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 6, 10, 11, 100])
@pytest.mark.parametrize("tells", ["total and more", "total", "more", "nothing"])
def test_offsets_at_rest_are_handed_out_once(rows: int, tells: str) -> None:
    listing = MovingList(
        [timestamp * 3 for timestamp in range(rows)], tells_total="total" in tells, tells_more="more" in tells
    )

    assert sorted(hand_out(overlap(listing))) == list(range(rows))  # type: ignore[type-var]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 19, 20, 21, 100, 401])
@pytest.mark.parametrize("duplicates", [1, 3])
def test_pages_at_rest_are_handed_out_once(plan: Plan, rows: int, duplicates: int) -> None:
    listing = sized_list([timestamp * 3 for timestamp in range(rows)], duplicates=duplicates)

    assert sorted(hand_out(overlap(listing, plan))) == list(range(rows))  # type: ignore[type-var]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("tells_moments", [False, True])
@pytest.mark.parametrize("rows", [1, 4, 5, 6, 9, 10, 60, 61])
def test_at_rest_offsets_cost_the_same_in_each_order(arrangement: Arrangement, tells_moments: bool, rows: int) -> None:
    listing = MovingList(
        list(range(rows)), arrangement=arrangement, tells_moments=tells_moments, tells_total=False, tells_more=False
    )

    ids = hand_out(overlap(listing))

    assert len(ids) == len(set(ids)) == rows
    assert len(listing.asked) <= -(-rows // 4) + 1


def test_offsets_cost_one_row_a_page_and_a_last_request() -> None:
    listing = MovingList(range(1000), size=100, tells_total=False, tells_more=False)

    hand_out(overlap(listing))

    assert len(listing.asked) == 12  # ceil(1000 / 99) + 1


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("rows", "requests"), [(401, 3), (4_000, 23)])
def test_overlapping_pages_cost_little_more_than_pages_side_by_side(plan: Plan, rows: int, requests: int) -> None:
    listing = sized_list(range(rows), size=200)

    ids = hand_out(overlap(listing, plan))

    assert len(ids) == len(set(ids)) == rows
    assert len(listing.asked) <= requests + (plan is NEWEST_CHANGE)  # which looks at the head once more


@pytest.mark.parametrize("tells_moments", [False, True])
def test_what_differs_in_each_answer_costs_two_requests_more(tells_moments: bool) -> None:
    listing = MovingList(
        list(range(100)), differs=True, tells_moments=tells_moments, tells_total=False, tells_more=False
    )

    assert set(hand_out(overlap(listing))) == set(range(100))
    assert len(listing.asked) == 26 + 2


def test_a_page_that_the_vendor_calls_the_last_one_needs_none_behind_it() -> None:
    listing = MovingList(range(12), tells_total=False, tells_more=False)
    listing.rewrite(lambda _, page: replace(page, ends_list=len(page.rows) < 5))

    assert hand_out(overlap(listing)) == list(range(12))
    assert [request.offset for request in listing.asked] == [0, 4, 8]


@pytest.mark.parametrize("size", [None, 50])
def test_a_short_page_in_the_middle_ends_no_list(size: int | None) -> None:
    """Rows that the key may not see are left out behind the limit."""
    listing = sized_list(range(400), size=50, tells_more=False, tells_size=False)
    hidden = {110, 111, 112}

    def leave_out(request: PageRequest, page: Page) -> Page:
        rows = [row for row in page.rows if row["id"] not in hidden]
        return replace(page, rows=rows, short=len(rows) < (request.size or 50))

    listing.rewrite(leave_out)

    try:
        ids = hand_out(overlap(listing, AS_IT_COMES, SIZED if size else Offsets()))
    except PlanNotSupported:
        return
    assert set(ids) == set(range(400)) - hidden


@pytest.mark.parametrize("arrangement", ["oldest change first", "by name"])
def test_rows_are_known_again_whatever_is_done_to_those_that_are_handed_out(arrangement: Arrangement) -> None:
    listing = sized_list(range(401), size=200, arrangement=arrangement)
    ids = []

    for batch in overlap(listing).batches(None):
        for row in batch.rows:
            ids.append(row["id"])
            row["id"] = str(row["id"])

    assert sorted(ids) == list(range(401))
    assert len(listing.asked) == 3


# -- lists that others change -----------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS,
    seed=SEEDS,
    tells=TELLS,
    arrangement=st.sampled_from(["as created", "oldest change first"]),
    kind=KINDS,
)
def test_rows_that_stay_or_move_to_the_end_are_not_missed(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement, kind: Kind
) -> None:
    listing = restless(timestamps, seed, tells, arrangement, kind=kind)

    assert listing.throughout <= set(hand_out(overlap(listing)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS,
    seed=SEEDS,
    tells=TELLS,
    arrangement=MOVING_ANYWHERE,
    kind=KINDS,
)
# A list of one row that grows and shrinks.
@example(timestamps=[0], seed=623, tells=(False, False, False), arrangement="anywhere", kind=MovingList)
def test_of_rows_that_move_to_the_front_only_changed_ones_are_left_to_the_next_sync(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement, kind: Kind
) -> None:
    listing = restless(timestamps, seed, tells, arrangement, tells_moments=True, kind=kind)

    batches = list(overlap(listing).batches(None))

    assert listing.throughout <= handed_out(batches) | left_to_the_next_sync(listing, batches)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS,
    seed=SEEDS,
    tells=TELLS,
    arrangement=MOVING_ANYWHERE,
    kind=KINDS,
)
# The only row is pushed back four times while it is looked for.
@example(timestamps=[0], seed=1667, tells=(False, False, False), arrangement="by name", kind=MovingList)
def test_rows_that_move_to_the_front_one_at_a_time_are_looked_for(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement, kind: Kind
) -> None:
    listing = restless(
        timestamps, seed, tells, arrangement, tells_moments=False, changes_at_once=1, calms_down=True, kind=kind
    )

    assert listing.throughout <= set(hand_out(overlap(listing)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from([CREATION, CREATION_FILTERED, NEWEST_ROW, NEWEST_CHANGE]),
    timestamps=TIMESTAMPS | BULK,
    seed=SEEDS,
    size=st.integers(10, 13),
    tells_total=st.booleans(),
)
def test_nothing_slips_through_a_sorted_list_that_moves(
    plan: Plan, timestamps: list[int], seed: int, size: int, tells_total: bool
) -> None:
    listing = sized_list(timestamps, size=size, restlessness=0.4, tells_total=tells_total, chance=random.Random(seed))

    assert listing.throughout <= set(hand_out(overlap(listing, plan)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from(PLANS),
    timestamps=st.lists(st.none() | st.integers(0, 20), max_size=60),
    blanks=st.sampled_from(["first", "last"]),
)
def test_rows_without_a_modification_time_are_handed_out_wherever_they_stand(
    plan: Plan, timestamps: list[int | None], blanks: Literal["first", "last"]
) -> None:
    listing = sized_list(timestamps, blanks=blanks)

    assert set(hand_out(overlap(listing, plan))) == set(range(len(timestamps)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    arrangement=MOVING_ANYWHERE,
    act=st.sampled_from(["insert", "edit"]),
    tells_moments=st.booleans(),
    seed=SEEDS,
)
# A row is inserted while rows are looked for, so the total counts as many rows more than were seen as before.
@example(arrangement="newest change first", act="insert", tells_moments=False, seed=43)
# The next sync reads the rows that edits put in front, and rows that the total counts beside them are none of those.
@example(arrangement="anywhere", act="edit", tells_moments=True, seed=185)
def test_a_total_that_grows_or_an_edit_is_no_sign_of_broken_ties(
    *, arrangement: Arrangement, act: str, tells_moments: bool, seed: int
) -> None:
    listing = MovingList(
        range(30),
        size=10,
        arrangement=arrangement,
        tells_moments=tells_moments,
        restlessness=0.2,
        changes_at_once=1,
        acts=(act,),
        most_changes=4,
        chance=random.Random(seed),
    )

    batches = list(overlap(listing).batches(None))

    left = left_to_the_next_sync(listing, batches) if tells_moments else set()
    assert set(range(30)) <= handed_out(batches) | left


def test_one_row_put_in_front_is_met_with_one_look_and_the_reading_ends_there() -> None:
    listing = MovingList(range(100), size=10, tells_moments=False, tells_total=False, tells_more=False)
    listing.before_request(3, lambda: listing.rows.insert(0, listing.rows.pop(70)))

    assert set(hand_out(overlap(listing))) == set(range(100))
    assert [request.offset for request in listing.asked[-3:]] == [99, 0, 99]


def test_a_row_put_in_front_of_an_unsorted_list_of_pages_is_looked_for_instead_of_reading_the_list_twice() -> None:
    listing = sized_list(range(1000), size=100, tells_moments=False)
    listing.before_request(3, lambda: listing.rows.insert(0, listing.rows.pop(700)))

    assert set(hand_out(overlap(listing))) == set(range(1000))
    assert len(listing.asked) <= 11 + 3


def test_a_total_of_more_rows_than_were_met_brings_a_missed_row_to_light() -> None:
    listing = MovingList(range(100), size=10, tells_moments=False)

    def change_two_places() -> None:
        listing.rows.append({**listing.rows.pop(3), "edits": 1})
        listing.rows.insert(0, listing.rows.pop(70))

    listing.before_request(3, change_two_places)

    assert set(hand_out(overlap(listing))) == set(range(100))


def test_a_row_that_is_edited_twice_within_one_second_comes_with_its_last_content() -> None:
    listing = sized_list(range(30), size=10)

    def edit() -> None:
        listing.rows[9]["edits"] = "second"

    listing.rows[9]["edits"] = "first"
    listing.before_request(2, edit)

    versions = [
        row["edits"] for batch in overlap(listing, CREATION).batches(None) for row in batch.rows if row["id"] == 9
    ]

    assert versions == ["first", "second"]
    assert len(listing.asked) == 4


# -- lists that break ties anew for each page -------------------------------------------------------------------------


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from([AS_IT_COMES, FILTERED, CREATION, NEWEST_ROW]),
    paging=st.sampled_from([SIZED, Offsets()]),
    rows=st.integers(12, 90),
    group=st.sampled_from([2, 5, 12, 40]),
    ties=st.sampled_from(["by page", "like MySQL"]),
    tells_total=st.booleans(),
    tells_moments=st.booleans(),
)
def test_a_list_at_rest_that_breaks_ties_anew_for_each_page_is_complete_or_none(
    *, plan: Plan, paging: Paging, rows: int, group: int, ties: Ties, tells_total: bool, tells_moments: bool
) -> None:
    listing = sized_list(
        list(range(rows)), ties=ties, group=group, tells_total=tells_total, tells_moments=tells_moments
    )

    try:
        ids = hand_out(overlap(listing, plan, paging))
    except (PlanNotSupported, UnexpectedResponse):
        return
    assert set(ids) == set(range(rows))


def test_a_list_of_offsets_that_breaks_ties_anew_fails_with_words_that_name_the_remedy() -> None:
    listing = sized_list(range(100), ties="by page", group=25)

    with pytest.raises(
        UnexpectedResponse, match=r"/things sorts rows differently from page to page.* field that is unique"
    ):
        hand_out(overlap(listing, AS_IT_COMES, Offsets()))
    assert len(listing.asked) < 10


def test_a_list_of_pages_that_breaks_ties_anew_is_left_to_another_plan() -> None:
    listing = sized_list(range(100), ties="by page", group=25)

    with pytest.raises(PlanNotSupported, match="differently from page to page"):
        hand_out(overlap(listing))


def test_rows_that_move_for_a_good_reason_are_not_taken_for_broken_ties() -> None:
    listing = sized_list(range(400), size=20)
    for request in range(2, 15):
        listing.before_request(request, lambda: listing.rows.insert(0, {"id": 1000 + len(listing.asked), "at": 999}))

    assert set(range(400)) <= set(hand_out(overlap(listing)))


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("deleted", [1, 3])
def test_pages_of_one_row_lose_none_where_others_are_deleted(deleted: int, tells_total: bool) -> None:
    listing = MovingList(range(9), size=1, tells_total=tells_total)
    listing.before_request(3, lambda: listing.rows.__delitem__(slice(deleted)))

    try:
        ids = set(hand_out(overlap(listing)))
    except UnexpectedResponse as failure:
        assert "/things answers with one row at a time" in str(failure)  # noqa: PT017  # both are right
        return
    assert set(range(deleted, 9)) <= ids


@pytest.mark.parametrize("in_front", [0, 1, 3])
@pytest.mark.parametrize("behind", [0, 1, 3])
def test_a_list_of_one_row_may_become_longer_meanwhile(in_front: int, behind: int) -> None:
    listing = MovingList([0], tells_total=False, tells_more=False)

    def insert() -> None:
        listing.rows[:0] = [{"id": 10 + number, "at": 100} for number in range(in_front)]
        listing.rows += [{"id": 20 + number, "at": 100} for number in range(behind)]

    listing.before_request(2, insert)

    ids = hand_out(overlap(listing))

    assert {0, *range(20, 20 + behind)} <= set(ids)
    assert len(listing.asked) <= 5


def test_a_second_look_at_rows_that_moved_is_taken_for_one_page_in_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    def price() -> int:
        listing = sized_list(range(2000), size=20)
        listing.before_each(lambda _: listing.rows.insert(0, {"id": 10_000 + len(listing.asked), "at": 2000}))
        assert set(range(2000)) <= set(hand_out(overlap(listing)))
        return len(listing.asked)

    with_second_looks = price()
    monkeypatch.setattr("source_invoicing.streams.listing.overlap.SECOND_LOOKS", -(10**6))

    assert price() < with_second_looks <= price() * 1.15 + 3


def test_a_total_of_more_rows_than_there_are_different_ones_is_a_failure() -> None:
    listing = sized_list(range(40), duplicates=2, tells_total=True, tells_moments=False)

    with pytest.raises(UnexpectedResponse, match=r"/things tells of 80 rows and holds 40 different ones.* unique"):
        hand_out(overlap(listing))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.integers(0, 60), seed=SEEDS, tells=TELLS)
def test_a_list_in_another_order_each_time_is_read_completely_or_not_at_all(
    rows: int, seed: int, tells: tuple[bool, bool, bool]
) -> None:
    listing = restless([None] * rows, seed, tells, "at random", tells_moments=False, changes_at_once=0)

    try:
        ids = hand_out(overlap(listing))
    except UnexpectedResponse:
        return
    assert listing.throughout <= set(ids)


def test_rows_with_another_key_in_each_answer_end_in_an_error() -> None:
    listing = MovingList(range(100))

    def new_keys(_: PageRequest, page: Page) -> Page:
        return replace(page, rows=[{**row, "id": (row["id"], len(listing.asked))} for row in page.rows])

    listing.rewrite(new_keys)
    with pytest.raises(UnexpectedResponse, match="/things comes in another order, or with other keys, each time"):
        hand_out(overlap(listing))
    assert len(listing.asked) < 60


def test_a_list_of_other_rows_each_time_is_no_endless_loop() -> None:
    listing = sized_list(range(35))

    def other_rows(_: PageRequest, page: Page) -> Page:
        return replace(page, rows=[{**row, "id": row["id"] + 1000 * len(listing.asked)} for row in page.rows])

    listing.rewrite(other_rows)
    with pytest.raises(UnexpectedResponse, match="with other keys, each time"):
        hand_out(overlap(listing, CREATION))
    assert len(listing.asked) < 60

"""Whatever others do to a list while it is read: each row that was there throughout is handed out."""

from __future__ import annotations

import json
import random
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_invoicing.http import UnexpectedResponse
from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.page import Order, Page, PageRequest
from source_invoicing.streams.walks import (
    FilteredOffsetWalk,
    KeyWalk,
    KeyWalkWithoutTotal,
    NewestChangeFirstWalk,
    NewestRowFirstWalk,
    NotHonoured,
    OffsetWalk,
    PageWalk,
    Step,
    Walk,
)
from unit_tests.moving_list import Arrangement, GoingBack, MovingList

TIMESTAMPS = st.lists(st.integers(0, 40), min_size=0, max_size=60)
# Hypothesis prefers lists of a page; where nothing moves between pages, nothing can be lost.
SEVERAL_PAGES = st.lists(st.integers(0, 40), min_size=15, max_size=60)
SEEDS = st.integers(0, 10_000)
BULK = st.lists(st.sampled_from([7, 7, 7, 7, 8, 20]), min_size=0, max_size=60)


TELLS = st.tuples(st.booleans(), st.booleans(), st.booleans())
MOVING_ANYWHERE = st.sampled_from(["newest change first", "by name", "anywhere"])


def restless(
    timestamps: Sequence[int | None],
    seed: int,
    tells: tuple[bool, bool, bool],
    arrangement: Arrangement,
    **more: Any,
) -> MovingList:
    """A list that others move the rows of.

    :param tells: whether it tells its total, whether it tells that more rows follow, and whether all in a row lasts
    """
    tells_total, tells_more, lasts = tells
    return MovingList(
        timestamps,
        tells_total=tells_total,
        tells_more=tells_more,
        differs=not lasts,
        arrangement=arrangement,
        restlessness=0.4,
        chance=random.Random(seed),
        **more,
    )


def handed_out(steps: Sequence[Step]) -> set[Hashable]:
    return {row["id"] for step in steps for row in step.rows}


def left_to_the_next_sync(listing: MovingList, steps: Sequence[Step]) -> set[Hashable]:
    """The rows that were changed at or after the moment the steps promise."""
    reached = steps[-1].reached
    return {row["id"] for row in listing.rows if reached is None or row["at"] >= reached}


def hand_out(walk: Walk, since: int | None = None) -> list[Hashable]:
    """The ids a walk hands out, in order."""
    return [row["id"] for step in walk.steps(since) for row in step.rows]


def hand_out_with(walks: Sequence[type[Walk]], listing: MovingList, since: int | None = None) -> list[Hashable]:
    """The same with the walks a stream names, best first."""
    ids: list[Hashable] = []
    for walk in walks:
        try:
            ids.extend(hand_out(walk(listing), since))
            return ids
        except NotHonoured:  # noqa: PERF203  # the next walk takes over
            continue
    raise AssertionError("no walk could read the list")


@pytest.mark.parametrize("walk", [KeyWalk, PageWalk, NewestChangeFirstWalk, NewestRowFirstWalk, OffsetWalk])
@pytest.mark.parametrize("rows", [0, 1, 4, 5, 6, 10, 11, 100])
@pytest.mark.parametrize("tells", ["total and more", "total", "more", "nothing"])
def test_a_list_at_rest_is_handed_out_once(walk: type[Walk], rows: int, tells: str) -> None:
    listing = MovingList(
        [timestamp * 3 for timestamp in range(rows)], tells_total="total" in tells, tells_more="more" in tells
    )

    # Without totals, the walk from the newest change leaves the list to the one from the newest row.
    assert sorted(hand_out_with([walk, NewestRowFirstWalk], listing)) == list(range(rows))  # type: ignore[type-var]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS | BULK,
    seed=SEEDS,
    includes_boundary=st.booleans(),
    tells_more=st.booleans(),
)
def test_the_walk_by_key_misses_nothing(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_more: bool
) -> None:
    listing = MovingList(
        timestamps,
        includes_boundary=includes_boundary,
        tells_more=tells_more,
        restlessness=0.4,
        chance=random.Random(seed),
    )

    assert (
        listing.throughout <= set(hand_out_with([KeyWalk, NewestRowFirstWalk, PageWalk], listing))
        or not listing.throughout
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(timestamps=TIMESTAMPS, seed=SEEDS, tells_total=st.booleans())
def test_a_server_that_ignores_everything_makes_no_row_slip_through(
    timestamps: list[int], seed: int, tells_total: bool
) -> None:
    listing = MovingList(
        timestamps,
        stance="ignores both",
        tells_total=tells_total,
        restlessness=0.3,
        most_changes=12,
        chance=random.Random(seed),
    )

    ids = hand_out_with([KeyWalk, NewestRowFirstWalk, PageWalk], listing)

    assert listing.throughout <= set(ids)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    walk=st.sampled_from([NewestChangeFirstWalk, NewestRowFirstWalk]),
    timestamps=SEVERAL_PAGES | BULK,
    seed=SEEDS,
    since=st.none() | st.integers(0, 40),
    going_back=st.sampled_from(["allowed", "refused"]),
)
# A delete that an edit hides from the total of what is filtered.
@example(
    walk=NewestRowFirstWalk,
    timestamps=[0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
    seed=149,
    since=1,
    going_back="allowed",
)
def test_the_walks_from_the_newest_miss_nothing(
    walk: type[Walk], timestamps: list[int], seed: int, since: int | None, going_back: GoingBack
) -> None:
    listing = MovingList(
        timestamps, restlessness=0.3, most_changes=8, chance=random.Random(seed), going_back=going_back
    )

    ids = hand_out(walk(listing), since)

    assert listing.throughout_since(since) <= set(ids)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    walk=st.sampled_from([NewestChangeFirstWalk, NewestRowFirstWalk]),
    timestamps=SEVERAL_PAGES | BULK,
    seed=SEEDS,
    since=st.none() | st.integers(0, 40),
    tells_more=st.booleans(),
)
def test_the_walks_from_the_newest_miss_nothing_where_no_total_tells_of_deletes(
    walk: type[Walk], timestamps: list[int], seed: int, since: int | None, tells_more: bool
) -> None:
    listing = MovingList(
        timestamps,
        tells_total=False,
        tells_more=tells_more,
        restlessness=0.3,
        most_changes=8,
        chance=random.Random(seed),
    )

    ids = hand_out_with([walk, NewestRowFirstWalk], listing, since)

    assert listing.throughout_since(since) <= set(ids)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    walk=st.sampled_from([NewestChangeFirstWalk, NewestRowFirstWalk]),
    rows=st.integers(0, 120),
    seed=SEEDS,
    restlessness=st.floats(0.0, 0.4),
)
def test_deletes_in_each_pass_cost_two_requests_each(
    walk: type[Walk], rows: int, seed: int, restlessness: float
) -> None:
    listing = MovingList(
        range(rows),
        restlessness=restlessness,
        most_changes=1000,
        changes_at_once=1,
        acts=("delete",),
        chance=random.Random(seed),
    )

    ids = hand_out(walk(listing))

    assert listing.throughout <= set(ids)
    # A last look at the head, and where the rows end with a page, one more.
    assert len(listing.asked) <= rows // 5 + 2 * listing.changes + 3


@pytest.mark.parametrize("walk", [NewestChangeFirstWalk, NewestRowFirstWalk])
def test_many_rows_deleted_at_once_are_stepped_back_by_no_further_than_they_reach(walk: type[Walk]) -> None:
    listing = MovingList(range(100))
    ask = listing.ask

    def delete_12_of_the_newest_before_page_10(request: PageRequest) -> Page:
        if request.number == 10 and len(listing.rows) == 100:
            del listing.rows[-12:]
        return ask(request)

    listing.ask = delete_12_of_the_newest_before_page_10  # type: ignore[method-assign]

    assert set(hand_out(walk(listing))) == set(range(100))
    assert [request.number for request in listing.asked][:22] == [*range(1, 11), *range(7, 19)]


@pytest.mark.parametrize("walk", [NewestChangeFirstWalk, NewestRowFirstWalk])
def test_a_list_that_loses_rows_faster_than_it_is_read_is_given_up_in_time(walk: type[Walk]) -> None:
    listing = MovingList(range(400))
    ask = listing.ask

    def replace_the_newest_rows(request: PageRequest) -> Page:
        if len(listing.asked) % 2:
            del listing.rows[-20:]
        elif listing.asked:
            listing.rows += [{"id": 1000 + 20 * len(listing.asked) + row, "at": 1000} for row in range(20)]
        return ask(request)

    listing.ask = replace_the_newest_rows  # type: ignore[method-assign]

    with pytest.raises(
        UnexpectedResponse, match=r"loses rows faster than they can be read.* while fewer rows are deleted"
    ):
        hand_out(walk(listing))
    assert len(listing.asked) <= 200


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS, seed=SEEDS, tells=TELLS, arrangement=st.sampled_from(["as created", "oldest change first"])
)
def test_rows_that_stay_or_move_to_the_end_make_the_walk_by_offset_miss_nothing(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement
) -> None:
    listing = restless(timestamps, seed, tells, arrangement)

    assert listing.throughout <= set(hand_out(OffsetWalk(listing)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(timestamps=TIMESTAMPS, seed=SEEDS, tells=TELLS, arrangement=MOVING_ANYWHERE)
def test_of_rows_that_move_to_the_front_the_walk_by_offset_leaves_only_changed_ones_to_the_next_sync(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement
) -> None:
    listing = restless(timestamps, seed, tells, arrangement, tells_moments=True)

    steps = list(OffsetWalk(listing).steps(None))

    assert listing.throughout <= handed_out(steps) | left_to_the_next_sync(listing, steps)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(timestamps=TIMESTAMPS, seed=SEEDS, tells=TELLS, arrangement=MOVING_ANYWHERE)
# The only row is pushed back four times while it is looked for.
@example(timestamps=[0], seed=1667, tells=(False, False, False), arrangement="by name")
def test_rows_that_move_to_the_front_one_at_a_time_make_the_walk_by_offset_miss_nothing(
    timestamps: list[int], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement
) -> None:
    listing = restless(timestamps, seed, tells, arrangement, tells_moments=False, changes_at_once=1, calms_down=True)

    assert listing.throughout <= set(hand_out(OffsetWalk(listing)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.integers(0, 60), seed=SEEDS, tells=TELLS)
def test_a_list_in_another_order_each_time_is_read_completely_or_not_at_all(
    rows: int, seed: int, tells: tuple[bool, bool, bool]
) -> None:
    listing = restless([None] * rows, seed, tells, "at random", tells_moments=False, changes_at_once=0)

    try:
        ids = hand_out(OffsetWalk(listing))
    except UnexpectedResponse:
        return
    assert listing.throughout <= set(ids)


@pytest.mark.parametrize("arrangement", get_args(Arrangement)[:-1])
@pytest.mark.parametrize("tells_moments", [False, True])
@pytest.mark.parametrize("rows", [1, 4, 5, 6, 9, 10, 60, 61])
def test_at_rest_the_walk_by_offset_costs_the_same_in_each_order(
    arrangement: Arrangement, tells_moments: bool, rows: int
) -> None:
    listing = MovingList(
        list(range(rows)), arrangement=arrangement, tells_moments=tells_moments, tells_total=False, tells_more=False
    )

    ids = hand_out(OffsetWalk(listing))

    assert len(ids) == len(set(ids)) == rows
    assert len(listing.asked) <= -(-rows // 4) + 1


@pytest.mark.parametrize("tells_moments", [False, True])
def test_what_differs_in_each_answer_costs_two_requests_more(tells_moments: bool) -> None:
    listing = MovingList(
        list(range(100)), differs=True, tells_moments=tells_moments, tells_total=False, tells_more=False
    )

    assert set(hand_out(OffsetWalk(listing))) == set(range(100))
    assert len(listing.asked) == 26 + 2


def test_rows_with_another_key_in_each_answer_end_in_an_error() -> None:
    listing = MovingList(list(range(100)))
    ask = listing.ask

    def ask_for_new_keys(request: PageRequest) -> Page:
        page = ask(request)
        return replace(page, rows=[{**row, "id": (row["id"], len(listing.asked))} for row in page.rows])

    listing.ask = ask_for_new_keys  # type: ignore[method-assign]

    with pytest.raises(UnexpectedResponse, match="/things comes in another order, or with other keys, each time"):
        hand_out(OffsetWalk(listing))
    assert len(listing.asked) < 50


def test_whoever_gets_the_rows_may_change_their_keys() -> None:
    listing = MovingList(list(range(30)))
    ids = set()

    for step in OffsetWalk(listing).steps(None):
        for row in step.rows:
            ids.add(row["id"])
            row["id"] = str(row["id"])

    assert ids == set(range(30))
    assert len(listing.asked) == 8


def test_one_row_put_in_front_is_met_with_one_look_and_the_walk_ends_there() -> None:
    listing = MovingList(list(range(100)), size=10, tells_moments=False, tells_total=False, tells_more=False)
    ask = listing.ask

    def move_a_row_before_page_3(request: PageRequest) -> Page:
        if len(listing.asked) == 2:
            listing.rows.insert(0, listing.rows.pop(70))
        return ask(request)

    listing.ask = move_a_row_before_page_3  # type: ignore[method-assign]

    assert set(hand_out(OffsetWalk(listing))) == set(range(100))
    assert [request.offset for request in listing.asked[-3:]] == [99, 0, 99]


def test_a_total_of_more_rows_than_were_met_brings_a_missed_row_to_light() -> None:
    listing = MovingList(list(range(100)), size=10, tells_moments=False)
    ask = listing.ask

    def change_two_places_before_page_3(request: PageRequest) -> Page:
        if len(listing.asked) == 2:
            listing.rows.append({**listing.rows.pop(3), "edits": 1})
            listing.rows.insert(0, listing.rows.pop(70))
        return ask(request)

    listing.ask = change_two_places_before_page_3  # type: ignore[method-assign]

    assert set(hand_out(OffsetWalk(listing))) == set(range(100))


@pytest.mark.parametrize("stance", ["ignores sort", "ignores filter", "ignores both"])
@pytest.mark.parametrize("since", [None, 30])
def test_a_server_that_does_not_do_what_it_is_asked_is_read_in_another_way(stance: str, since: int | None) -> None:
    timestamps = [(number * 37) % 101 for number in range(50)]
    listing = MovingList(timestamps, stance=stance)  # type: ignore[arg-type]

    ids = hand_out_with([KeyWalk, NewestRowFirstWalk, PageWalk], listing, since)

    assert {number for number, timestamp in enumerate(timestamps) if since is None or timestamp >= since} <= set(ids)


@pytest.mark.parametrize("tells_total", [True, False])
def test_rows_without_a_modification_time_are_not_lost_at_the_end_of_the_list(tells_total: bool) -> None:
    listing = MovingList([*range(20), None, None], tells_total=tells_total)

    assert set(hand_out_with([KeyWalkWithoutTotal, NewestRowFirstWalk, PageWalk], listing)) == set(range(22))


def test_a_list_that_tells_totals_is_not_looked_at_from_its_far_end() -> None:
    listing = MovingList(list(range(20)))

    hand_out(KeyWalkWithoutTotal(listing))

    assert {request.order for request in listing.asked} == {Order.OLDEST_CHANGE_FIRST}


def test_a_far_end_without_a_modification_time_that_comes_again_is_the_whole_list() -> None:
    listing = MovingList([None, None], tells_total=False, tells_more=False)
    whole = replace(listing.fetch(PageRequest()), short=True)
    listing.ask = lambda request: replace(whole)  # type: ignore[method-assign]

    assert set(hand_out(KeyWalkWithoutTotal(listing))) == {0, 1}


def test_one_moment_that_fills_many_pages_is_read_completely_and_the_walk_moves_on() -> None:
    listing = MovingList([1, 2, *[5] * 50, 6, 7, 8])

    assert sorted(hand_out(KeyWalk(listing))) == list(range(55))  # type: ignore[type-var]


def test_a_row_that_leaves_such_a_moment_between_two_pages_pulls_none_out_of_sight() -> None:
    listing = MovingList([5] * 40)
    ask = listing.ask

    def edit_the_first_row_before_page_3(request: PageRequest) -> Page:
        if request.number == 3 and listing.rows[0]["at"] == 5:
            listing.rows[0]["at"] = listing.clock = listing.clock + 1
        return ask(request)

    listing.ask = edit_the_first_row_before_page_3  # type: ignore[method-assign]

    assert set(hand_out(KeyWalk(listing))) == set(range(40))


@pytest.mark.parametrize("includes_boundary", [False, True])
def test_seconds_that_fill_pages_one_after_the_other_do_not_hold_the_walk_up(includes_boundary: bool) -> None:
    listing = MovingList([7] * 12 + [8] * 13 + [9] * 3 + [11], includes_boundary=includes_boundary)

    assert sorted(hand_out(KeyWalk(listing))) == list(range(29))  # type: ignore[type-var]
    assert len(listing.asked) < 40


def test_the_walk_by_key_costs_what_the_page_size_dictates() -> None:
    listing = MovingList([number * 3 for number in range(1000)], size=100)

    hand_out(KeyWalk(listing))

    assert len(listing.asked) == 11  # 1000 rows: 10 pages, each of which begins with the last row of the one before


def test_the_walk_by_offset_costs_one_row_a_page_and_a_last_request() -> None:
    listing = MovingList(list(range(1000)), size=100, tells_total=False, tells_more=False)

    hand_out(OffsetWalk(listing))

    assert len(listing.asked) == 12  # ceil(1000 / 99) + 1


def test_every_page_of_the_walk_by_key_is_a_place_to_come_back_to() -> None:
    timestamps = [number * 2 for number in range(60)]
    whole = list(KeyWalk(MovingList(timestamps)).steps(None))

    for cut in range(len(whole)):
        reached = whole[cut].reached
        before = {row["id"] for step in whole[: cut + 1] for row in step.rows}
        after = hand_out(KeyWalk(MovingList(timestamps)), since=reached)
        assert before | set(after) == set(range(60))
        assert len(before & set(after)) == 1


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=TIMESTAMPS,
    seed=SEEDS,
    tells=TELLS,
    arrangement=st.sampled_from(get_args(Arrangement)[:-1]),
    cut=st.integers(0, 10),
)
def test_every_page_of_the_walk_by_offset_is_a_place_to_go_on_from(
    timestamps: list[int | None], seed: int, tells: tuple[bool, bool, bool], arrangement: Arrangement, cut: int
) -> None:
    tells_moments = bool(seed % 2)
    stays_behind = arrangement in ("as created", "oldest change first")
    any_number = tells_moments or stays_behind
    listing = restless(
        timestamps,
        seed,
        tells,
        arrangement,
        tells_moments=tells_moments,
        changes_at_once=30 if any_number else 1,
        calms_down=not any_number,
    )
    before: list[Step] = []
    for step in OffsetWalk(listing).steps(None):
        before.append(step)
        if len(before) > cut:
            break
    stopped_at = before[-1].place
    stored = json.loads(json.dumps(stopped_at and stopped_at.stored()))
    for _ in range(3 if any_number else 0):
        listing.change()

    following = OffsetWalk(listing)
    following.stopped_at = Checkpoint.restore(stored)

    assert following.stopped_at == stopped_at
    steps = list(following.steps(None))
    left = left_to_the_next_sync(listing, steps) if tells_moments else set()
    assert listing.throughout <= handed_out([*before, *steps]) | left
    if stopped_at is not None and steps[-1].reached is not None:
        assert steps[-1].reached <= stopped_at.began


@pytest.mark.parametrize("arrangement", ["oldest change first", "by name"])
def test_a_walk_goes_on_although_the_row_it_stopped_at_was_moved_to_the_end(arrangement: Arrangement) -> None:
    listing = MovingList([None] * 250, size=100, arrangement=arrangement, tells_total=False, tells_more=False)
    walk = OffsetWalk(listing).steps(None)
    before = [next(walk), next(walk)]
    place = before[-1].place
    assert place is not None
    row = listing.rows.pop(place.offset)
    listing.rows.append({**row, "name": 2, "edits": 1})
    following = OffsetWalk(listing)
    following.stopped_at = place

    after = list(following.steps(None))

    assert handed_out([*before, *after]) == set(range(250))
    assert sum(len(step.rows) for step in after) < 160


def test_a_walk_that_goes_on_reads_no_more_than_what_is_left() -> None:
    listing = MovingList(list(range(1000)), size=100, tells_total=False, tells_more=False)
    places = [step.place for step in OffsetWalk(listing).steps(None)]
    listing.asked.clear()
    following = OffsetWalk(listing)
    following.stopped_at = places[7]

    assert hand_out(following) == list(range(793, 1000))
    assert [request.offset for request in listing.asked] == [792, 891, 990, 999]


@pytest.mark.parametrize("since", [None, 3])
@pytest.mark.parametrize("kind", [OffsetWalk, FilteredOffsetWalk])
def test_a_place_in_a_list_of_other_rows_is_no_place_to_go_on_from(kind: type[OffsetWalk], since: int | None) -> None:
    listing = MovingList(list(range(50)))
    walk = kind(listing)
    walk.stopped_at = Checkpoint(
        offset=20, tail=(RowFingerprint(20),), filtered=not kind.filters, since=since, began=60, newest=20
    )
    assert min(hand_out(walk, since)) == (3 if kind.filters and since else 0)  # type: ignore[type-var]

    walk.stopped_at = Checkpoint(
        offset=20, tail=(RowFingerprint(20),), filtered=kind.filters, since=4, began=60, newest=20
    )
    assert min(hand_out(walk, since)) == (3 if kind.filters and since else 0)  # type: ignore[type-var]


@pytest.mark.parametrize("walk", [KeyWalk, NewestChangeFirstWalk, PageWalk])
def test_a_page_that_comes_again_and_again_ends_in_an_error_that_names_the_list(walk: type[Walk]) -> None:
    listing = MovingList([9] * 20)
    first = listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST))
    listing.ask = lambda request: replace(first)  # type: ignore[method-assign]

    with pytest.raises(UnexpectedResponse, match="/things answers with the same page twice"):
        hand_out(walk(listing))


def test_a_server_that_ignores_the_offset_is_stopped() -> None:
    listing = MovingList(list(range(20)), tells_total=False)
    first = listing.fetch(PageRequest())
    listing.ask = lambda request: replace(first)  # type: ignore[method-assign]

    with pytest.raises(UnexpectedResponse, match="/things answers with the same page twice"):
        hand_out(OffsetWalk(listing))


@pytest.mark.parametrize("walk", [KeyWalk, NewestChangeFirstWalk, PageWalk, OffsetWalk])
def test_a_list_that_tells_of_more_rows_than_it_hands_out_is_no_complete_list(walk: type[Walk]) -> None:
    listing = MovingList([number * 3 for number in range(12)])
    ask = listing.ask
    listing.ask = lambda request: replace(page := ask(request), total=(page.total or 0) + 3)  # type: ignore[method-assign]

    with pytest.raises(UnexpectedResponse, match="/things"):
        hand_out(walk(listing))


def test_a_page_that_lacks_rows_once_is_asked_for_once_more() -> None:
    listing = MovingList([number * 3 for number in range(12)])
    ask = listing.ask

    def leave_the_rows_out_once(request: PageRequest) -> Page:
        page = ask(request)
        return page if len(listing.asked) > 1 else replace(page, rows=[], has_more=False)

    listing.ask = leave_the_rows_out_once  # type: ignore[method-assign]

    assert hand_out(KeyWalk(listing)) == list(range(12))


@pytest.mark.parametrize("walk", [PageWalk, OffsetWalk])
def test_a_total_of_fewer_rows_than_there_are_ends_no_list(walk: type[Walk]) -> None:
    listing = MovingList(list(range(12)), tells_more=False)
    ask = listing.ask
    listing.ask = lambda request: replace(ask(request), total=3)  # type: ignore[method-assign]

    assert set(hand_out(walk(listing))) == set(range(12))


@pytest.mark.parametrize("walk", [PageWalk, NewestChangeFirstWalk])
def test_a_page_that_is_short_in_the_middle_is_noticed(walk: type[Walk]) -> None:
    listing = MovingList([number * 3 for number in range(30)])
    ask = listing.ask
    listing.ask = lambda request: replace(page := ask(request), rows=page.rows[:3])  # type: ignore[method-assign]

    with pytest.raises(UnexpectedResponse, match="/things"):
        hand_out(walk(listing))


def test_the_walk_newest_first_stops_at_the_moment_it_is_asked_for() -> None:
    listing = MovingList(list(range(100)))

    ids = hand_out(NewestChangeFirstWalk(listing), since=93)

    assert sorted(ids) == list(range(93, 100))  # type: ignore[type-var]
    assert len([request for request in listing.asked if request.number > 1]) == 1


@pytest.mark.parametrize("walk", [KeyWalk, PageWalk, NewestRowFirstWalk])
@pytest.mark.parametrize("timestamps", [[5], [1, 2, 9]])
def test_an_api_that_does_not_page_and_does_not_say_so_is_read_once(walk: type[Walk], timestamps: list[int]) -> None:
    listing = MovingList(timestamps, tells_total=False, tells_more=False)
    whole = replace(listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST)), short=True)
    listing.ask = lambda request: replace(whole)  # type: ignore[method-assign]

    assert set(hand_out_with([walk, PageWalk], listing)) == set(range(len(timestamps)))

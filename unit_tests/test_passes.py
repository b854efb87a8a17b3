"""Lists that are read page by page: whatever others do to one while it is read, each row that was there throughout is
handed out."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_invoicing.http import BadRequest, UnexpectedResponse
from source_invoicing.streams.listing import NEWEST_CHANGE, NEWEST_ROW
from source_invoicing.streams.listing.errors import PlanNotSupported, TiesUnstable
from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.strategy import Plan
from source_invoicing.streams.page import Order, Page, PageRequest, Paging, Row
from unit_tests.moving_list import CountsRows, GoingBack, MovingList, sized_list
from unit_tests.scripted_list import ScriptedList
from unit_tests.server_parts import Ties

TIMESTAMPS = st.lists(st.integers(0, 40), min_size=0, max_size=60)
SEVERAL_PAGES = st.lists(st.integers(0, 40), min_size=15, max_size=60)
SEEDS = st.integers(0, 10_000)
BULK = st.lists(st.sampled_from([7, 7, 7, 7, 8, 20]), min_size=0, max_size=60)

AS_IT_COMES = Plan(Passes)
UNFILTERED = Plan(Passes, filtered=False)
PLANS = [AS_IT_COMES, NEWEST_ROW, NEWEST_CHANGE]
NEWEST_FIRST = [NEWEST_CHANGE, NEWEST_ROW]
SIZED = Pages(resizable=True, may_be_whole=True)


def hand_out(listing: MovingList, plan: Plan, since: int | None = None, paging: Paging | None = None) -> list[Hashable]:
    """The ids a plan hands out, in order."""
    listing.paging = paging or listing.paging
    return [row["id"] for batch in plan.strategy(listing, plan).batches(since) for row in batch.rows]


def hand_out_with(plans: Sequence[Plan], listing: MovingList, since: int | None = None) -> list[Hashable]:
    """The same with the plans of a stream, best first."""
    for plan in plans:
        try:
            return hand_out(listing, plan, since)
        except PlanNotSupported:  # noqa: PERF203  # the next plan takes over
            continue
    raise AssertionError("no plan could read the list")


# -- lists at rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("rows", [0, 1, 4, 5, 6, 10, 11, 100])
@pytest.mark.parametrize("tells", ["total and more", "total", "more", "nothing"])
def test_a_list_at_rest_is_handed_out_once(plan: Plan, rows: int, tells: str) -> None:
    listing = MovingList(
        [timestamp * 3 for timestamp in range(rows)], tells_total="total" in tells, tells_more="more" in tells
    )

    # Without totals, the plan from the newest change leaves the list to the one from the newest row.
    assert sorted(hand_out_with([plan, NEWEST_ROW], listing)) == list(range(rows))  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("plan", "requests"), [(AS_IT_COMES, 40), (NEWEST_ROW, 20), (NEWEST_CHANGE, 21)], ids=["none", "row", "change"]
)
def test_what_a_list_at_rest_costs(plan: Plan, requests: int) -> None:
    """Twice each page as it comes, once from the newest row, and a look at the head from the newest change."""
    listing = MovingList(list(range(100)))

    hand_out(listing, plan)

    assert len(listing.asked) == requests


def test_a_list_of_one_page_is_read_once() -> None:
    listing = MovingList(list(range(5)), tells_total=False)

    assert hand_out(listing, AS_IT_COMES) == list(range(5))
    assert len(listing.asked) == 1


def test_the_second_pass_takes_another_page_size_where_it_may_choose() -> None:
    listing = sized_list(list(range(100)), size=20)

    assert hand_out(listing, AS_IT_COMES, paging=SIZED) == list(range(100))
    assert [request.size for request in listing.asked] == [None] * 5 + [19] * 6


def refusing_sizes(listing: MovingList) -> list[int]:
    """Have every page size but the largest refused: the sizes that are asked for."""
    sizes: list[int] = []

    def refuse(request: PageRequest) -> None:
        if request.size is not None:
            sizes.append(request.size)
            raise BadRequest("No such size", FailureType.system_error)

    listing.before_each(refuse)
    return sizes


@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_CHANGE], ids=["none", "change"])
def test_a_list_whose_pages_have_one_size_is_read_all_the_same(plan: Plan) -> None:
    listing = sized_list(list(range(100)), size=20, tells_total=True)
    sizes = refusing_sizes(listing)

    assert sorted(hand_out(listing, plan, paging=SIZED)) == list(range(100))  # type: ignore[type-var]
    assert sizes == [19]
    assert len(listing.asked) == (10 if plan is AS_IT_COMES else 6)


def test_a_size_that_is_refused_does_not_show_that_a_list_comes_whole() -> None:
    listing = sized_list(list(range(20)), size=20, tells_size=False, tells_more=False)
    listing.rewrite(lambda _, page: replace(page, rows=[dict(row) for row in listing.rows]))
    refusing_sizes(listing)

    with pytest.raises(UnexpectedResponse, match="same page twice"):
        hand_out(listing, AS_IT_COMES, paging=SIZED)


# -- lists that others change -----------------------------------------------------------------------------------------


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

    assert listing.throughout <= set(hand_out_with([NEWEST_ROW, AS_IT_COMES], listing))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    timestamps=SEVERAL_PAGES | BULK,
    seed=SEEDS,
    arrangement=st.sampled_from(["as created", "newest change first", "by name", "anywhere"]),
    paging=st.sampled_from([SIZED, Pages()]),
)
def test_nothing_slips_through_a_list_without_an_order(
    timestamps: list[int], seed: int, arrangement: Any, paging: Paging
) -> None:
    listing = sized_list(
        timestamps, arrangement=arrangement, restlessness=0.2, most_changes=8, chance=random.Random(seed)
    )

    assert listing.throughout <= set(hand_out(listing, AS_IT_COMES, paging=paging))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from(NEWEST_FIRST),
    timestamps=SEVERAL_PAGES | BULK,
    seed=SEEDS,
    since=st.none() | st.integers(0, 40),
    going_back=st.sampled_from(["allowed", "refused"]),
)
# A delete that an edit hides from the total of what is filtered.
@example(
    plan=NEWEST_ROW,
    timestamps=[0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
    seed=149,
    since=1,
    going_back="allowed",
)
def test_from_the_newest_nothing_is_missed(
    plan: Plan, timestamps: list[int], seed: int, since: int | None, going_back: GoingBack
) -> None:
    listing = MovingList(
        timestamps, restlessness=0.3, most_changes=8, chance=random.Random(seed), going_back=going_back
    )

    ids = hand_out_with([plan, UNFILTERED], listing, since)

    assert listing.throughout_since(since) <= set(ids)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from(NEWEST_FIRST),
    timestamps=SEVERAL_PAGES | BULK,
    seed=SEEDS,
    since=st.none() | st.integers(0, 40),
    tells_more=st.booleans(),
)
def test_from_the_newest_nothing_is_missed_where_no_total_tells_of_deletes(
    plan: Plan, timestamps: list[int], seed: int, since: int | None, tells_more: bool
) -> None:
    listing = MovingList(
        timestamps,
        tells_total=False,
        tells_more=tells_more,
        restlessness=0.3,
        most_changes=8,
        chance=random.Random(seed),
    )

    ids = hand_out_with([plan, NEWEST_ROW, UNFILTERED], listing, since)

    assert listing.throughout_since(since) <= set(ids)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.sampled_from(NEWEST_FIRST),
    rows=st.integers(0, 120),
    seed=SEEDS,
    restlessness=st.floats(0.0, 0.4),
)
def test_deletes_cost_two_requests_each_and_one_more_pass(
    plan: Plan, rows: int, seed: int, restlessness: float
) -> None:
    listing = MovingList(
        range(rows),
        restlessness=restlessness,
        most_changes=1000,
        changes_at_once=1,
        acts=("delete",),
        chance=random.Random(seed),
    )

    assert listing.throughout <= set(hand_out(listing, plan)) or not listing.throughout
    # Totals may be late: a list that lost rows is read once more. Where the rows end with a page, one more request.
    assert len(listing.asked) <= (1 + bool(listing.changes)) * (rows // 5 + 1) + 2 * listing.changes + 2


@pytest.mark.parametrize("plan", NEWEST_FIRST)
def test_many_rows_deleted_at_once_are_stepped_back_by_no_further_than_they_reach(plan: Plan) -> None:
    listing = MovingList(range(100))

    def delete_12_of_the_newest_before_page_10(request: PageRequest) -> None:
        if request.number == 10 and len(listing.rows) == 100:
            del listing.rows[-12:]

    listing.before_each(delete_12_of_the_newest_before_page_10)

    assert set(hand_out(listing, plan)) == set(range(100))
    assert [request.number for request in listing.asked][:22] == [*range(1, 11), *range(7, 19)]


@pytest.mark.parametrize("plan", NEWEST_FIRST)
def test_a_list_that_loses_rows_faster_than_it_is_read_is_given_up_in_time(plan: Plan) -> None:
    listing = MovingList(range(400))

    def replace_the_newest_rows(request: PageRequest) -> None:
        if len(listing.asked) % 2:
            del listing.rows[-20:]
        elif listing.asked:
            listing.rows += [{"id": 1000 + 20 * len(listing.asked) + row, "at": 1000} for row in range(20)]

    listing.before_each(replace_the_newest_rows)

    with pytest.raises(
        UnexpectedResponse, match=r"loses rows faster than they can be read.* while fewer rows are deleted"
    ):
        hand_out(listing, plan)
    assert len(listing.asked) <= 200


def test_from_the_newest_change_the_reading_stops_at_the_time_it_is_asked_for() -> None:
    listing = MovingList(list(range(100)))

    ids = hand_out(listing, NEWEST_CHANGE, since=93)

    assert sorted(ids) == list(range(93, 100))  # type: ignore[type-var]
    assert len([request for request in listing.asked if request.number > 1]) == 1


def test_a_row_dated_ahead_does_not_hide_what_moves_to_the_head_meanwhile() -> None:
    listing = MovingList([*range(30), 10_000])
    listing.clock = 100

    def edit_an_unread_row(request: PageRequest) -> None:
        if request.number == 3 and len(listing.asked) == 2:
            listing.rows[2].update(at=120)

    listing.before_each(edit_an_unread_row)

    assert 2 in hand_out(listing, NEWEST_CHANGE)


def test_a_row_that_is_edited_twice_within_one_second_comes_with_its_last_content() -> None:
    listing = MovingList(list(range(30)))
    listing.rows[29].update(at=listing.clock, edits="first")

    def edit(request: PageRequest) -> None:
        if request.number == 3:
            listing.rows[29].update(edits="second")

    listing.before_each(edit)

    rows = [
        row
        for batch in NEWEST_CHANGE.strategy(listing, NEWEST_CHANGE).batches(None)
        for row in batch.rows
        if row["id"] == 29
    ]
    assert [row["edits"] for row in rows] == ["first", "second"]


def test_a_row_that_changes_between_two_passes_comes_with_both_contents() -> None:
    listing = sized_list(list(range(30)))

    def edit(request: PageRequest) -> None:
        if len(listing.asked) == 3:
            listing.rows[1].update(edits="since")

    listing.before_each(edit)

    rows = [row for batch in Passes(listing, AS_IT_COMES).batches(None) for row in batch.rows]
    assert [row.get("edits") for row in rows if row["id"] == 1] == [None, "since"]
    assert len(rows) == 31


def test_rows_that_differ_in_each_answer_are_handed_out_once() -> None:
    listing = MovingList(list(range(30)), differs=True, tells_total=False)

    assert len(hand_out(listing, AS_IT_COMES)) == 30 + 0


def test_no_time_is_promised_that_lies_after_the_start() -> None:
    listing = sized_list([*range(40), 10_000], paging=SIZED)
    listing.clock = 110

    assert list(Passes(listing, AS_IT_COMES).batches(None))[-1].cursor == 50


@pytest.mark.parametrize("notes", [1, 2])
def test_a_row_created_while_a_changed_list_is_read_again_shows_no_broken_ties(notes: int) -> None:
    """It pushes rows to the next page, but only the following look comes upon it."""
    listing = sized_list(range(40), tells_total=True)
    listing.rows[39]["at"] = listing.clock - 5

    def create(_: PageRequest) -> None:
        if len(listing.asked) == 5:
            listing.clock += 1
            listing.rows += [{"id": 1000 + number, "at": listing.clock} for number in range(notes)]

    listing.before_each(create)

    assert set(hand_out(listing, NEWEST_CHANGE)) >= set(range(40))


def test_one_row_put_in_front_accounts_for_one_row_on_two_pages() -> None:
    """Two rows come on two pages, and a third one on none, after a single insert."""
    now = 1_700_000_000

    def row(identity: int, at: int = 0) -> Row:
        return {"id": identity, "at": now + at}

    first = Page([row(9, 10), row(8), row(7), row(6)], has_more=True, total=9)
    pushed = Page([row(7), row(6), row(1, -900)], has_more=True, total=9)
    moved = Page([row(2, 20), row(9, 10), row(8)], has_more=True, total=9)
    listing = ScriptedList([first, pushed, moved, pushed])

    with mock.patch("time.time", return_value=float(now + 1000)), pytest.raises(TiesUnstable):
        list(NEWEST_CHANGE.strategy(listing, NEWEST_CHANGE).batches(now - 500))


@pytest.mark.parametrize("paging", [Pages(), SIZED])
def test_ordinary_edits_are_no_sign_of_broken_ties(paging: Paging) -> None:
    """In each of two passes, an edit moves a row that was not read yet to the front."""
    listing = MovingList(list(range(40)), size=10, tells_total=True, chooses_size=True)
    edits = {2: 0, 7: 1}

    def edit(_: PageRequest) -> None:
        if (number := edits.pop(len(listing.asked), None)) is not None:
            unread = listing.rows.pop(-1 - number)
            listing.rows.insert(0, {**unread, "edits": number})

    listing.before_each(edit)

    assert set(hand_out(listing, AS_IT_COMES, paging=paging)) == set(range(40))


# -- lists that break ties anew for each page -------------------------------------------------------------------------


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    paging=st.sampled_from([SIZED, Pages()]),
    rows=st.integers(12, 90),
    group=st.sampled_from([2, 5, 12, 40]),
    ties=st.sampled_from(["by page", "like MySQL"]),
    tells_total=st.booleans(),
    plan=st.sampled_from([AS_IT_COMES, NEWEST_ROW]),
    signed=st.sampled_from([0, 1, 2]),
)
def test_a_list_at_rest_that_breaks_ties_anew_for_each_page_is_complete_or_none(
    *, paging: Paging, rows: int, group: int, ties: Ties, tells_total: bool, plan: Plan, signed: int
) -> None:
    listing = sized_list(list(range(rows)), ties=ties, group=group, tells_total=tells_total)
    sign_links(listing, every=signed)

    try:
        ids = hand_out(listing, plan, paging=paging)
    except PlanNotSupported:
        return
    except UnexpectedResponse as failure:
        assert "have the API sort them by a field that is unique" in str(failure)  # noqa: PT017  # both are right
        return
    assert set(ids) == set(range(rows))


def sign_links(listing: MovingList, every: int) -> None:
    """Let rows hold a link that is signed anew for each response.

    :param every: 0: none of them; 1: all; 2: each second one
    """

    def sign(_: PageRequest, page: Page) -> Page:
        links = {"link": len(listing.asked)}
        signed = [{**row, **links} if every and row["id"] % every == every - 1 else row for row in page.rows]
        return replace(page, rows=signed)

    listing.rewrite(sign)


@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_ROW])
@pytest.mark.parametrize("signed", [1, 2])
@pytest.mark.parametrize("ties", ["by page", "like MySQL"])
def test_rows_that_differ_in_each_response_hide_no_row_that_another_one_came_in_the_place_of(
    plan: Plan, signed: int, ties: Ties
) -> None:
    listing = sized_list(list(range(12)), ties=ties, group=12)
    sign_links(listing, every=signed)

    try:
        ids = hand_out(listing, plan, paging=Pages())
    except (PlanNotSupported, UnexpectedResponse):
        return
    assert set(ids) == set(range(12))


@pytest.mark.parametrize("tells_total", [False, True])
def test_two_equal_passes_that_repeat_rows_prove_nothing(tells_total: bool) -> None:
    listing = sized_list(list(range(100)), ties="by page", group=25, tells_total=tells_total)

    with pytest.raises(
        UnexpectedResponse, match=r"/things .* so it cannot be read completely\. .* a field that is unique"
    ):
        hand_out(listing, AS_IT_COMES, paging=Pages())
    assert len(listing.asked) == 20


@pytest.mark.parametrize("tells_total", [False, True])
def test_as_many_different_rows_as_a_pass_has_places_settle_a_list_that_repeats_rows(tells_total: bool) -> None:
    listing = sized_list(list(range(100)), ties="by page", group=5, tells_total=tells_total)

    assert set(hand_out(listing, AS_IT_COMES, paging=SIZED)) == set(range(100))
    assert len(listing.asked) <= 10 * 8


def test_rows_that_are_listed_twice_are_settled_by_pages_of_another_size() -> None:
    listing = sized_list(list(range(101)), duplicates=2)

    assert set(hand_out(listing, AS_IT_COMES, paging=SIZED)) == set(range(101))
    assert len(listing.asked) <= 21 + 23


def test_rows_that_inserts_push_to_the_next_page_are_no_sign_of_broken_ties() -> None:
    listing = sized_list(list(range(300)))

    def insert(request: PageRequest) -> None:
        if len(listing.asked) % 20 == 7:
            listing.rows[:0] = [{"id": 1000 * number + len(listing.asked), "at": 999} for number in (1, 2)]

    listing.before_each(insert)

    ids = hand_out(listing, AS_IT_COMES, paging=Pages())

    assert set(ids) >= set(range(300))
    assert len(ids) == len(set(ids))
    assert len(listing.asked) <= 62


# -- servers that page in ways of their own ---------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [NEWEST_CHANGE, AS_IT_COMES])
def test_a_page_that_comes_again_and_again_ends_in_an_error_that_names_the_list(plan: Plan) -> None:
    listing = MovingList([9] * 20)
    first = listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST))
    listing.rewrite(lambda _, __: replace(first))

    with pytest.raises(UnexpectedResponse, match="/things answers with the same page twice"):
        hand_out(listing, plan)


def test_a_page_that_comes_again_is_a_fault_of_the_configuration_where_there_is_one() -> None:
    listing = sized_list(list(range(35)), paging_advice="Check the pagination of the stream.")
    first = listing.fetch(PageRequest())
    listing.rewrite(lambda _, __: replace(first))

    with pytest.raises(UnexpectedResponse, match=r"same page twice.*Check the pagination") as failed:
        hand_out(listing, AS_IT_COMES, paging=Pages())
    assert failed.value.failure_type is FailureType.config_error


@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_CHANGE])
def test_a_list_that_tells_of_more_rows_than_it_hands_out_is_no_complete_list(plan: Plan) -> None:
    listing = MovingList([number * 3 for number in range(12)])
    listing.rewrite(lambda _, page: replace(page, total=(page.total or 0) + 3))

    with pytest.raises(UnexpectedResponse, match="/things"):
        hand_out(listing, plan)


def test_a_total_of_fewer_rows_than_there_are_ends_no_list() -> None:
    listing = MovingList(list(range(12)), tells_more=False)
    listing.rewrite(lambda _, page: replace(page, total=3))

    assert set(hand_out(listing, AS_IT_COMES)) == set(range(12))


@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_CHANGE])
def test_pages_that_are_all_cut_short_are_noticed(plan: Plan) -> None:
    listing = MovingList([number * 3 for number in range(30)])
    listing.rewrite(lambda _, page: replace(page, rows=page.rows[:3]))

    with pytest.raises(UnexpectedResponse, match="/things"):
        hand_out(listing, plan)


def test_a_short_page_in_the_middle_ends_no_list() -> None:
    """Rows that the key may not see are left out behind the limit."""
    listing = MovingList(list(range(400)), size=50, tells_total=False, tells_more=False)
    hidden = {110, 111, 112}
    listing.rewrite(lambda _, page: replace(page, rows=[row for row in page.rows if row["id"] not in hidden]))

    assert set(hand_out(listing, AS_IT_COMES)) == set(range(400)) - hidden
    assert len(listing.asked) == 2 * 9


@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_ROW])
@pytest.mark.parametrize("timestamps", [[5], [1, 2, 9]])
def test_an_api_that_does_not_page_and_does_not_say_so_is_read_once(plan: Plan, timestamps: list[int]) -> None:
    listing = MovingList(timestamps, tells_total=False, tells_more=False)
    whole = replace(listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST)), short=True)
    listing.rewrite(lambda _, __: replace(whole))

    assert set(hand_out_with([plan, AS_IT_COMES], listing)) == set(range(len(timestamps)))


@pytest.mark.parametrize("rows", [9, 10, 11, 30])
@pytest.mark.parametrize("plan", [AS_IT_COMES, UNFILTERED])
def test_a_list_that_comes_whole_whatever_page_is_asked_for(plan: Plan, rows: int) -> None:
    class Whole(MovingList):
        def fetch(self, request: PageRequest) -> Page:
            self.asked.append(request)
            # Zoho's streams read so many rows, and no word about paging, as "there might be more".
            return Page(self._listed(replace(request, since=None)), has_more=None if rows == self.size else False)

    listing = sized_list(range(rows), kind=Whole)

    assert sorted(hand_out(listing, plan, 5, SIZED)) == list(range(rows))  # type: ignore[type-var]
    assert len(listing.asked) <= 3


def test_a_server_that_ignores_the_page_but_not_its_size_is_found_out() -> None:
    class FirstPageOnly(MovingList):
        def fetch(self, request: PageRequest) -> Page:
            return replace(super().fetch(replace(request, number=1)), has_more=None)

    with pytest.raises(UnexpectedResponse, match="same page twice"):
        hand_out(sized_list(range(35), kind=FirstPageOnly), AS_IT_COMES, paging=SIZED)


def test_a_filter_that_is_refused_is_left_out() -> None:
    listing = sized_list(list(range(35)))

    assert set(hand_out(listing, UNFILTERED, 30, SIZED)) == set(range(35))
    assert {request.since for request in listing.asked} == {None}


@pytest.mark.parametrize("tells_total", [False, True])
def test_a_page_that_counts_rows_is_said_at_once(tells_total: bool) -> None:
    listing = sized_list(range(57), kind=CountsRows, tells_total=tells_total, paging_advice="Check the pagination.")

    with pytest.raises(UnexpectedResponse, match="The parameter counts rows; use type offset") as failed:
        hand_out(listing, AS_IT_COMES, paging=Pages())
    assert failed.value.failure_type is FailureType.config_error
    assert len(listing.asked) == 3


def test_inserts_that_push_nearly_a_page_of_rows_are_not_taken_for_a_page_that_counts_rows() -> None:
    listing = MovingList(list(range(30)), tells_total=False)

    def insert(request: PageRequest) -> None:
        if len(listing.asked) == 1:
            listing.rows[:0] = [{"id": 100 + number, "at": 1} for number in range(4)]

    listing.before_each(insert)

    assert set(hand_out(listing, AS_IT_COMES)) >= set(range(30))


# -- what a row is known by, and filters ------------------------------------------------------------------------------


def test_a_row_whose_key_changes_between_two_passes_is_still_there() -> None:
    """A line of a bank statement that is categorised gets another key."""

    class Statement(MovingList):
        def key(self, row: Row) -> Hashable:
            return row["id"], row.get("category", "")

    def categorise(request: PageRequest) -> None:
        if len(listing.asked) == 3:
            listing.rows[3]["category"] = "rent"

    listing = sized_list(range(30), kind=Statement)
    listing.before_each(categorise)

    ids = hand_out(listing, Plan(Passes, identity=lambda row: row["id"]), paging=Pages())

    assert sorted(ids) == sorted([*range(30), 3])  # type: ignore[type-var]
    assert len(listing.asked) == 6


@pytest.mark.parametrize("timestamps", [range(50), [*range(9), *[20] * 6, 30, 31]])
@pytest.mark.parametrize("plan", [AS_IT_COMES, NEWEST_ROW])
def test_a_filter_that_means_that_very_second_is_found_out(plan: Plan, timestamps: Sequence[int]) -> None:
    listing = sized_list(list(timestamps), filter="equal")

    with pytest.raises(PlanNotSupported, match="changed after"):
        hand_out(listing, plan, 5, Pages())


def test_a_filter_that_lists_nothing_because_nothing_changed_costs_one_look() -> None:
    listing = sized_list(list(range(9)))

    assert hand_out(listing, AS_IT_COMES, 50, Pages()) == []
    assert len(listing.asked) == 2

"""A list is read by the best plan that its API honours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable, Iterator

import pytest
from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import BadRequest, UnexpectedResponse, transient_failure
from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.listing import KEYSET
from source_invoicing.streams.listing.errors import UNIQUE_ORDER_ADVICE, PlanNotSupported
from source_invoicing.streams.listing.ranges import KeyRanges
from source_invoicing.streams.listing.reader import ListReader, RemainingPlans
from source_invoicing.streams.listing.strategy import Batch, Plan, Strategy
from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.partition import Start
from unit_tests.moving_list import SNAPSHOT, MovingList


class Refused(Strategy):
    """Hands out the first rows, and then finds that the API does not do what it needs."""

    rows = 5
    why: Exception = PlanNotSupported("does not sort by creation", UNIQUE_ORDER_ADVICE)

    @override
    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        page = self.listing.fetch(PageRequest())
        yield Batch(page.rows[: self.rows])
        raise self.why


class RefusedByTheApi(Refused):
    why = BadRequest("unknown parameter 'sort'.")


class TellsResume(Strategy):
    """Takes note of where it is to continue."""

    resumed_at: Checkpoint | None = None

    @override
    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        type(self).resumed_at = resume
        yield Batch([dict(row) for row in self.listing.fetch(PageRequest()).rows])


REFUSED, REFUSED_BY_THE_API, TELLS_RESUME = Plan(Refused), Plan(RefusedByTheApi), Plan(TellsResume)


def reader(listing: MovingList, *plans: Plan) -> ListReader:
    return ListReader(listing, RemainingPlans("things", plans))


def ids(batches: Iterator[Batch]) -> list[Hashable]:
    return [row["id"] for batch in batches for row in batch.rows]


def test_the_best_plan_reads_the_list() -> None:
    listing = MovingList(range(0, 100, 2))

    assert ids(reader(listing, KEYSET, SNAPSHOT).batches(None)) == list(range(50))
    assert {request.number for request in listing.asked} == {1}


@pytest.mark.parametrize("plan", [REFUSED, REFUSED_BY_THE_API])
def test_a_plan_that_the_api_does_not_honour_is_left_for_the_next_one(plan: Plan) -> None:
    assert set(ids(reader(MovingList(range(20)), plan, SNAPSHOT).batches(None))) == set(range(20))


def test_the_first_rows_of_a_plan_that_was_left_do_not_come_again() -> None:
    assert ids(reader(MovingList(range(20)), REFUSED, SNAPSHOT).batches(None)) == list(range(20))


def test_a_row_that_changed_meanwhile_comes_again() -> None:
    listing = MovingList(range(20))
    rows: list[Row] = []
    for batch in reader(listing, REFUSED, SNAPSHOT).batches(None):
        rows += batch.rows
        listing.rows[3]["name"] = "edited"

    assert [row["name"] for row in rows if row["id"] == 3] == ["", "edited"]


def test_rows_that_the_receiver_changes_do_not_come_again() -> None:
    came = []
    for batch in reader(MovingList(range(20)), REFUSED, SNAPSHOT).batches(None):
        for row in batch.rows:
            came.append(row["id"])
            row.clear()

    assert came == list(range(20))


def test_rows_older_than_asked_for_are_dropped_and_rows_without_a_time_stay() -> None:
    listing = MovingList([1, 2, 3, None, 4, 5])

    assert ids(reader(listing, SNAPSHOT).batches(3)) == [2, 3, 4, 5]


def test_a_reading_of_the_next_plan_drops_older_rows_too() -> None:
    assert set(ids(reader(MovingList([9, 1, 8, 2, 7, 3, 6]), REFUSED, SNAPSHOT).batches(5))) == {0, 2, 4, 6}


# -- when there is no plan left ---------------------------------------------------------------------------------------


def test_where_no_plan_is_left_the_failure_says_what_to_do() -> None:
    with pytest.raises(UnexpectedResponse, match=r"The list /things does not sort by creation, so .* unique") as error:
        ids(reader(MovingList(range(20)), REFUSED).batches(None))
    assert error.value.failure_type is FailureType.transient_error


def test_what_the_api_refuses_to_the_last_plan_is_raised_as_it_is() -> None:
    with pytest.raises(BadRequest, match="unknown parameter 'sort'"):
        ids(reader(MovingList(range(20)), REFUSED_BY_THE_API).batches(None))


def test_ties_in_another_order_on_each_page_fail_in_words_where_there_is_no_other_plan() -> None:
    listing = MovingList([5] * 60, size=10, ties="by page")

    with pytest.raises(UnexpectedResponse, match=r"same second in another order on each page.* unique"):
        ids(reader(listing, KEYSET).batches(None))


def test_any_other_failure_is_no_reason_for_another_plan() -> None:
    def refuse(_: PageRequest) -> None:
        raise transient_failure("gone")

    listing = MovingList(range(3))
    listing.before_each(refuse)
    remaining_plans = RemainingPlans("things", (KEYSET, SNAPSHOT))
    with pytest.raises(Exception, match="gone"):
        ids(ListReader(listing, remaining_plans).batches(None))
    assert remaining_plans.best is KEYSET


# -- plans left -------------------------------------------------------------------------------------------------------


def test_a_plan_that_was_left_stays_left_for_all_lists_of_the_stream() -> None:
    remaining_plans = RemainingPlans("things", (REFUSED, SNAPSHOT))
    ids(ListReader(MovingList(range(20)), remaining_plans).batches(None))
    other = MovingList(range(20))

    assert ids(ListReader(other, remaining_plans).batches(None)) == list(range(20))
    assert other.asked == []


def test_leaving_is_said_once_aloud(caplog: pytest.LogCaptureFixture) -> None:
    remaining_plans = RemainingPlans("things", (REFUSED, REFUSED_BY_THE_API, SNAPSHOT))
    with caplog.at_level(logging.INFO):
        ids(ListReader(MovingList(range(20)), remaining_plans).batches(None))

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "Stream things: the list /things does not sort by creation. It is read in another way, which is complete "
            "but takes more requests.",
        ),
        (
            "INFO",
            "Stream things: the list /things was refused (unknown parameter 'sort'). It is read in another way, which "
            "is complete but takes more requests.",
        ),
    ]


def test_a_plan_that_another_worker_has_left_is_not_left_twice() -> None:
    remaining_plans = RemainingPlans("things", (REFUSED, REFUSED_BY_THE_API, SNAPSHOT))
    left = []
    workers = [
        threading.Thread(target=lambda: left.append(remaining_plans.give_up(REFUSED, "is odd"))) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert left == [True] * 8
    assert remaining_plans.best is REFUSED_BY_THE_API
    assert not remaining_plans.is_last
    assert remaining_plans.give_up(REFUSED_BY_THE_API, "is odd")
    assert remaining_plans.is_last
    assert not remaining_plans.give_up(SNAPSHOT, "is odd")
    assert remaining_plans.best is SNAPSHOT


# -- where it continues, and who shares it ----------------------------------------------------------------------------


def test_a_reading_continues_where_an_earlier_one_stopped_with_whatever_plan_is_left() -> None:
    place = Checkpoint(3, filtered=False, since=None, cursor_limit=10, newest=5, tail=(RowFingerprint(3),))

    ids(reader(MovingList(range(20)), REFUSED, TELLS_RESUME).batches(None, place))

    assert TellsResume.resumed_at == place


def test_a_list_is_shared_as_long_as_it_is_read_by_key() -> None:
    listing = MovingList([(row * 37) % 101 for row in range(50)], stance="ignores both")
    remaining_plans = RemainingPlans("things", (KEYSET, SNAPSHOT))

    assert remaining_plans.shareable
    assert set(ids(ListReader(listing, remaining_plans).batches(None))) == set(range(50))
    assert not remaining_plans.shareable


def test_a_range_of_a_list_whose_plan_was_left_meanwhile_becomes_the_whole_list() -> None:
    remaining_plans = RemainingPlans("things", (KEYSET, SNAPSHOT))
    remaining_plans.give_up(KEYSET, "is odd")
    fallbacks: list[bool] = []
    start = Start(10, gaps=[(20, 30, 20), (40, None, 40)])
    shared = KeyRanges(4, lambda _: None, lambda: fallbacks.append(True), start)

    batches = list(shared.batches(ListReader(MovingList(range(50)), remaining_plans).range_batches))

    assert sorted(row["id"] for batch in batches for row in batch.rows) == list(range(10, 50))
    assert {batch.start for batch in batches} == {None}
    assert fallbacks == [True]

"""A list that several workers share: nothing slips between their ranges, whatever others do to the list meanwhile."""

from __future__ import annotations

import random
import time
from collections.abc import Hashable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_invoicing.http import Failure, transient_failure
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import KEYSET
from source_invoicing.streams.listing import ranges as ranges_module
from source_invoicing.streams.listing.ranges import SHARE_ALWAYS, KeyRanges, Pace
from source_invoicing.streams.listing.reader import ListReader, RemainingPlans
from source_invoicing.streams.listing.row_estimate import RowEstimate
from source_invoicing.streams.page import Order, Page, PageRequest, Row
from source_invoicing.streams.partition import Start
from source_invoicing.streams.timestamps import CLOCK_MARGIN, UnixSeconds
from unit_tests.moving_list import SNAPSHOT, MovingList, Stance

WORKERS = 4


class Things:
    """A stream over a list in memory: what it has to do for a list that several workers share."""

    def __init__(self, listing: MovingList, state: dict[str, Any] | None = None) -> None:
        self.listing = listing
        self.remaining_plans = RemainingPlans("things", (KEYSET, SNAPSHOT))
        self.progress = CursorState("things", "at", UnixSeconds(), ())
        self.progress.restore(state or {})
        self.is_read_as_whole = False

    @property
    def state(self) -> dict[str, Any]:
        return self.progress.value()

    def read(self, shared: KeyRanges) -> Iterator[list[Row]]:
        """What one worker reads."""
        for batch in shared.batches(ListReader(self.listing, self.remaining_plans).range_batches):
            yield batch.rows
            self.is_read_as_whole |= not batch.is_range
            if batch.cursor is not None:
                self.progress.advance(None, batch.cursor, batch.start)

    def share(self, workers: int = WORKERS) -> list[Iterator[list[Row]]]:
        """The workers that take part in a reading; further ones come when they are called."""
        present: list[Iterator[list[Row]]] = []
        since = self.progress.cursor(None)
        gaps = [(begin, end, since if begin is None else begin) for begin, end in self.progress.gaps(None, lookback=0)]
        start = Start(since, gaps=gaps)
        ranges = KeyRanges(workers, lambda each: present.append(self.read(each)), self.progress.forget_ranges, start)
        present.append(self.read(ranges))
        return present


def read_together(
    things: Things, chance: random.Random, workers: int = WORKERS, most_pages: int | None = None
) -> Iterator[Row]:
    """What the workers of a list hand out together, in any order in which they may get to ask."""
    present = things.share(workers)
    pages = 0
    while present and pages != most_pages:
        worker = chance.choice(present)
        page = next(worker, None)
        if page is None:
            present.remove(worker)
            continue
        pages += 1
        yield from page


def ids(rows: Iterator[Row]) -> list[Hashable]:
    return [row["id"] for row in rows]


@pytest.fixture
def _every_list_counts_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges_module, "MAX_EXTRA_REQUESTS", 2.0)
    monkeypatch.setattr(ranges_module, "FEWEST_PAGES_TO_CUT", 1)


@pytest.fixture(autouse=True)
def _responses_count_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARE_ALWAYS, "1")


however_short = pytest.mark.usefixtures("_every_list_counts_as_long")


LISTS = st.lists(st.integers(0, 300), min_size=0, max_size=120) | st.lists(
    st.sampled_from([7, 7, 7, 7, 7, 8, 20, 200]), max_size=120
)
given_any_list = given(
    timestamps=LISTS,
    seed=st.integers(0, 10_000),
    includes_boundary=st.booleans(),
    tells_total=st.booleans(),
)
many = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@however_short
@many
@given_any_list
def test_nothing_slips_between_the_ranges(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList(
        timestamps, includes_boundary=includes_boundary, tells_total=tells_total, restlessness=0.3, chance=chance
    )

    assert listing.throughout <= set(ids(read_together(Things(listing), chance))) or not listing.throughout


@however_short
@many
@given_any_list
def test_a_list_at_rest_is_handed_out_once_and_its_state_is_plain(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    things = Things(MovingList(timestamps, includes_boundary=includes_boundary, tells_total=tells_total))

    assert sorted(ids(read_together(things, random.Random(seed)))) == list(range(len(timestamps)))  # type: ignore[type-var]
    things.progress.finish()
    assert things.state == ({"at": max(timestamps)} if timestamps else {})


@however_short
@many
@given_any_list
def test_what_was_cut_off_goes_on_where_it_stood(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList(
        timestamps, includes_boundary=includes_boundary, tells_total=tells_total, restlessness=0.2, chance=chance
    )
    first = Things(listing)
    seen = set(ids(read_together(first, chance, most_pages=chance.randint(0, 20))))

    seen |= set(ids(read_together(Things(listing, first.state), chance)))
    assert listing.throughout <= seen or not listing.throughout


@however_short
@many
@given(
    timestamps=st.lists(st.none() | st.integers(0, 300), max_size=120),
    seed=st.integers(0, 10_000),
    blanks=st.sampled_from(["first", "last"]),
    tells_total=st.booleans(),
)
def test_rows_without_a_modification_time_come_although_the_reading_was_cut_off(
    timestamps: list[int | None], seed: int, blanks: Any, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList(timestamps, size=10, blanks=blanks, tells_total=tells_total)
    first = Things(listing)
    seen = set(ids(read_together(first, chance, most_pages=chance.randint(0, 20))))

    seen |= set(ids(read_together(Things(listing, first.state), chance)))
    assert listing.throughout <= seen


@however_short
@many
@given_any_list
def test_the_next_sync_brings_what_changed(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList(
        timestamps, includes_boundary=includes_boundary, tells_total=tells_total, restlessness=0.3, chance=chance
    )
    first = Things(listing)
    emitted = {row["id"]: row["at"] for row in read_together(first, chance)}
    first.progress.finish()

    emitted.update({row["id"]: row["at"] for row in read_together(Things(listing, first.state), chance, workers=1)})
    current = {row["id"]: row["at"] for row in listing.rows}
    settled = {identity: at for identity, at in current.items() if at < listing.clock - 10 or not listing.changes}
    assert settled.items() <= emitted.items()


# -- a row dated ahead ------------------------------------------------------------------------------------------------


@however_short
@many
@given(
    timestamps=st.lists(st.integers(0, 300), min_size=30, max_size=120),
    ahead=st.integers(1_000, 100_000),
    seed=st.integers(0, 10_000),
    tells_total=st.booleans(),
)
def test_a_row_dated_ahead_hides_nothing_that_changes_meanwhile(
    timestamps: list[int], ahead: int, seed: int, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList([*timestamps, ahead], tells_total=tells_total, restlessness=0.3, chance=chance)
    listing.clock = 300 + CLOCK_MARGIN

    assert listing.throughout <= set(ids(read_together(Things(listing), chance))) or not listing.throughout


@however_short
def test_the_last_look_begins_no_later_than_the_reading() -> None:
    listing = MovingList([*range(0, 1000, 5), 100_000])
    listing.clock = began = 1000 + CLOCK_MARGIN

    list(read_together(Things(listing), random.Random(1)))

    assert listing.asked[-1].since is not None
    assert listing.asked[-1].since <= began - CLOCK_MARGIN or listing.asked[-2].since == began - CLOCK_MARGIN


# -- lists that cannot be read by key, and failures -------------------------------------------------------------------


@however_short
@many
@given(
    timestamps=LISTS,
    seed=st.integers(0, 10_000),
    stance=st.sampled_from(["ignores sort", "ignores filter", "ignores both"]),
)
# The first page looks sorted, and rows of it are deleted before the next one is asked for.
@example(timestamps=[0, 0, 0, 0, 1, 0, 0], seed=2002, stance="ignores sort")
def test_a_list_that_cannot_be_read_by_key_is_read_by_another_plan(
    timestamps: list[int], seed: int, stance: Stance
) -> None:
    chance = random.Random(seed)
    chance.shuffle(timestamps)
    listing = MovingList(timestamps, stance=stance, restlessness=0.1, chance=chance)

    assert listing.throughout <= set(ids(read_together(Things(listing), chance))) or not listing.throughout


@however_short
def test_one_worker_reads_a_list_that_stops_sorting_and_its_ranges_are_forgotten() -> None:
    chance = random.Random(3)
    listing = MovingList([(row * 37) % 1009 for row in range(200)], chance=chance)
    listing.before_request(9, lambda: setattr(listing, "stance", "ignores both"))
    things = Things(listing)
    present = things.share()
    came: list[Hashable] = []
    while present:
        worker = present.pop(0)
        if (page := next(worker, None)) is not None:
            came += [row["id"] for row in page]
            present.append(worker)

    assert things.is_read_as_whole
    assert set(came) == set(range(200))
    assert "read_ahead" not in things.state


def break_down(listing: MovingList, after: int) -> None:
    """Have a list answer so often, and then no more."""

    def answer_no_more(_: PageRequest) -> None:
        if len(listing.asked) >= after:
            raise transient_failure("gone")

    listing.before_each(answer_no_more)


@however_short
def test_one_worker_says_why_and_the_others_stop() -> None:
    listing = MovingList(range(0, 1000, 5))
    break_down(listing, after=8)
    things = Things(listing)
    present = things.share()
    failures = 0
    while present:
        worker = present.pop(0)
        try:
            if next(worker, None) is not None:
                present.append(worker)
        except Failure:
            failures += 1

    assert failures == 1
    assert len(things.state["read_ahead"]) >= 2


@however_short
def test_a_defect_in_one_worker_stops_the_others_too() -> None:
    listing = MovingList(range(0, 1000, 5))

    def defect(request: PageRequest) -> None:
        if len(listing.asked) == 8:
            listing.asked.append(request)
            raise KeyError("a defect")

    listing.before_each(defect)
    present = Things(listing).share()
    defects = 0
    while present and not defects:
        worker = present.pop(0)
        try:
            if next(worker, None) is not None:
                present.append(worker)
        except KeyError:
            defects += 1

    assert present
    asked = len(listing.asked)
    for worker in present:
        list(worker)
    assert len(listing.asked) <= asked + len(present)


@however_short
@many
@given(
    rows=st.integers(0, 120),
    breaks_after=st.integers(1, 60),
    seed=st.integers(0, 10_000),
    stance=st.sampled_from(["honest", "ignores sort", "ignores filter", "ignores both"]),
)
def test_no_reading_is_incomplete_and_quiet(rows: int, breaks_after: int, seed: int, stance: Stance) -> None:
    chance = random.Random(seed)
    timestamps = chance.sample(range(1000), rows)
    listing = MovingList(timestamps, stance=stance, restlessness=0.1, chance=chance)
    break_down(listing, after=breaks_after)
    came: list[Hashable] = []
    try:
        came.extend(row["id"] for row in read_together(Things(listing), chance))
    except Failure:
        return

    assert listing.throughout <= set(came) or not listing.throughout


def test_a_row_that_leaves_between_the_first_two_answers_is_no_reason_to_read_in_another_way() -> None:
    listing = MovingList(range(0, 300, 5))
    listing.before_request(2, lambda: listing.throughout.discard(listing.rows.pop()["id"]))

    assert listing.throughout >= set(ids(read_together(Things(listing), random.Random(1)))) >= set(range(59))
    assert [request.order for request in listing.asked].count(Order.NEWEST_CHANGE_FIRST) == 1


# -- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", ["even", "late", "early"])
@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("pages", [1, 3, 10, 40, 150])
def test_reading_together_costs_few_further_requests(spread: str, tells_total: bool, pages: int) -> None:
    size, power = 10, {"even": 1.0, "late": 0.2, "early": 5.0}[spread]
    rows = pages * size
    timestamps = [int(10_000_000 * (row / rows) ** power) for row in range(rows)]
    requests = []
    for workers in (1, 10):
        listing = MovingList(timestamps, size=size, tells_total=tells_total)
        assert sorted(ids(read_together(Things(listing), random.Random(7), workers))) == list(range(rows))  # type: ignore[type-var]
        requests.append(len(listing.asked))

    alone, together = requests
    assert together - alone <= 0.05 * alone
    if pages <= 10:
        assert together == alone


@pytest.mark.parametrize("spread", ["even", "late", "early"])
def test_the_workers_share_evenly(spread: str) -> None:
    power = {"even": 1.0, "late": 0.3, "early": 3.0}[spread]
    listing = MovingList([int(10_000_000 * (row / 4000) ** power) for row in range(4000)], size=10)
    present = Things(listing).share(10)
    rounds = 0
    while present:
        for worker in list(present):
            if next(worker, None) is None:
                present.remove(worker)
        rounds += 1

    assert rounds <= 1.25 * len(listing.asked) / 10


@however_short
def test_what_an_earlier_run_has_read_ahead_is_not_read_again() -> None:
    listing = MovingList(range(0, 1000, 5))
    things = Things(listing, {"at": 100, "read_ahead": [[200, 900]]})

    came = ids(read_together(things, random.Random(1)))

    assert set(came) == {*range(20, 41), *range(180, 200)} - {40}
    assert things.state == {"at": 995}


@however_short
def test_the_last_look_does_not_go_back_behind_what_an_earlier_run_has_read_ahead() -> None:
    listing = MovingList(range(0, 900, 5))
    things = Things(listing, {"at": 100, "read_ahead": [[200, 897]]})

    came = ids(read_together(things, random.Random(1)))

    assert set(came) == set(range(20, 40))


@however_short
def test_a_request_that_begins_a_range_is_a_request_like_any_other() -> None:
    """Nothing is asked for but first pages of "changed since", ascending, and the far end once."""
    listing = MovingList(range(0, 3000, 5))
    list(read_together(Things(listing), random.Random(1)))

    orders = [request.order for request in listing.asked]
    assert orders.count(Order.NEWEST_CHANGE_FIRST) == 1
    assert orders.count(Order.OLDEST_CHANGE_FIRST) == len(orders) - 1
    assert {request.number for request in listing.asked} == {1}


def test_the_estimate_reads_between_its_points() -> None:
    estimate = RowEstimate()
    estimate.add(None, Page([{}] * 10, total=1000, server_time=1100), [100, 110])
    assert estimate.rows_between(100, 600) == pytest.approx(500, rel=0.01)
    estimate.add(600, Page([{}] * 10, total=900, server_time=1100), [600, 610])
    assert estimate.rows_between(100, 600) == pytest.approx(100, rel=0.01)
    assert estimate.cut(600, 1100, 0.5) == pytest.approx(850, abs=2)


@pytest.mark.parametrize(("waited", "handled", "workers"), [(0.008, 0.005, 1), (0.11, 0.005, 21), (0.02, 0.005, 3)])
def test_only_a_worker_that_finds_something_to_do_is_called(
    monkeypatch: pytest.MonkeyPatch, waited: float, handled: float, workers: int
) -> None:
    monkeypatch.delenv(SHARE_ALWAYS)
    pace = Pace()
    assert pace.useful_workers == 1
    pace.add(waited, handled)
    assert pace.useful_workers == workers


def test_a_look_at_the_far_end_is_not_taken_for_time_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would seem that one worker is enough, however slow the responses are."""
    monkeypatch.delenv(SHARE_ALWAYS)
    clock = 0.0
    listing = MovingList(range(0, 30_000, 5))

    def respond_slowly(_: PageRequest) -> None:
        nonlocal clock
        clock += 0.1

    listing.before_each(respond_slowly)
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    called: list[None] = []
    ranges = KeyRanges(10, lambda _: called.append(None))
    reader = ListReader(listing, RemainingPlans("things", (KEYSET,)))
    batches = ranges.batches(reader.range_batches)
    for _ in range(6):
        next(batches)

    assert len(called) >= 5

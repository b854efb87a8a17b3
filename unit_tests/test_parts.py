"""A list that several readers share: nothing slips between their parts, whatever others do to the list meanwhile."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_invoicing.http import Failure, Request, Response, transient_failure
from source_invoicing.streams import (
    InvoicingStream,
    KeyWalk,
    KeyWalkWithoutTotal,
    NewestRowFirstWalk,
    Page,
    PageRequest,
    PageWalk,
    Parts,
    Row,
    Walk,
    Window,
)
from source_invoicing.streams.page import Order
from source_invoicing.streams.walks import parts as parts_module
from source_invoicing.streams.walks.census import Census
from source_invoicing.streams.walks.parts import SHARE_ALWAYS, Pace
from unit_tests.moving_list import MovingList, Stance

READERS = 4


class Things(InvoicingStream):
    """A stream over a list in memory."""

    resource = "things"
    cursor_field = "at"
    walks: ClassVar[tuple[type[Walk], ...]] = (KeyWalk, NewestRowFirstWalk, PageWalk)

    def __init__(self, listing: MovingList, **window: Any) -> None:
        client = SimpleNamespace(fetch=lambda request, read: read(None), base_url="")
        super().__init__(SimpleNamespace(client=client, window=Window(**window)))  # type: ignore[arg-type]
        self.listing = listing

    def list_params(self, request: PageRequest) -> dict[str, str | int]:
        return {}

    def list_request(self, request: PageRequest, path: str, fixed: Any) -> Request:
        return Request(path)

    def read_page(self, response: Response, request: PageRequest) -> Page:
        return self.listing.ask(request)

    def get_json_schema(self) -> dict[str, Any]:  # type: ignore[override]
        return {"properties": {"id": {"type": "integer"}, "at": {"type": ["null", "integer"]}}}


class ThingsWithoutTotal(Things):
    """The same for an API that tells no totals."""

    walks = (KeyWalkWithoutTotal, PageWalk)


def read_together(
    stream: Things, chance: random.Random, readers: int = READERS, most_pages: int | None = None
) -> Iterator[Row]:
    """What the readers of a list hand out together, in any order in which they may get to ask."""
    present: list[Iterator[list[Row]]] = []
    shared = Parts(readers, lambda: present.append(stream.read_pages({}, shared)))
    present.append(stream.read_pages({}, shared))
    pages = 0
    while present and pages != most_pages:
        reader = chance.choice(present)
        page = next(reader, None)
        if page is None:
            present.remove(reader)
            continue
        pages += 1
        yield from page


def ids(rows: Iterator[Row]) -> list[Hashable]:
    return [row["id"] for row in rows]


@pytest.fixture
def _every_list_counts_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "MOST_EXTRA_REQUESTS", 2.0)
    monkeypatch.setattr(parts_module, "FEWEST_PAGES_TO_CUT", 1)


@pytest.fixture(autouse=True)
def _answers_count_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
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


def things(listing: MovingList, **window: Any) -> Things:
    return (Things if listing.tells_total else ThingsWithoutTotal)(listing, **window)


@however_short
@many
@given_any_list
def test_nothing_slips_between_the_parts(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    chance = random.Random(seed)
    listing = MovingList(
        timestamps, includes_boundary=includes_boundary, tells_total=tells_total, restlessness=0.3, chance=chance
    )

    assert listing.throughout <= set(ids(read_together(things(listing), chance))) or not listing.throughout


@however_short
@many
@given_any_list
def test_a_list_at_rest_is_handed_out_once_and_its_state_is_plain(
    timestamps: list[int], seed: int, includes_boundary: bool, tells_total: bool
) -> None:
    listing = MovingList(timestamps, includes_boundary=includes_boundary, tells_total=tells_total)
    stream = things(listing)

    assert sorted(ids(read_together(stream, random.Random(seed)))) == list(range(len(timestamps)))  # type: ignore[type-var]
    stream.progress.finish()
    assert stream.state == ({"at": max(timestamps)} if timestamps else {})


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
    first = things(listing)
    seen = set(ids(read_together(first, chance, most_pages=chance.randint(0, 20))))
    resumed = things(listing)
    resumed.state = first.state

    seen |= set(ids(read_together(resumed, chance)))
    assert listing.throughout <= seen or not listing.throughout


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
    first = things(listing)
    emitted = {row["id"]: row["at"] for row in read_together(first, chance)}
    first.progress.finish()
    later = things(listing)
    later.state = first.state

    emitted.update({row["id"]: row["at"] for row in read_together(later, chance, readers=1)})
    current = {row["id"]: row["at"] for row in listing.rows}
    settled = {identity: at for identity, at in current.items() if at < listing.clock - 10 or not listing.changes}
    assert settled.items() <= emitted.items()


@however_short
@many
@given(
    timestamps=LISTS,
    seed=st.integers(0, 10_000),
    stance=st.sampled_from(["ignores sort", "ignores filter", "ignores both"]),
)
# The first page looks sorted, and rows of it are deleted before the next one is asked for.
@example(timestamps=[0, 0, 0, 0, 1, 0, 0], seed=2002, stance="ignores sort")
def test_a_list_that_cannot_be_read_by_key_is_read_in_another_way(
    timestamps: list[int], seed: int, stance: Stance
) -> None:
    chance = random.Random(seed)
    chance.shuffle(timestamps)
    listing = MovingList(timestamps, stance=stance, restlessness=0.1, chance=chance)

    assert listing.throughout <= set(ids(read_together(Things(listing), chance))) or not listing.throughout


@dataclass
class BreaksDown(MovingList):
    """A list that answers a while, and then no more."""

    breaks_after: int = 8

    def ask(self, request: PageRequest) -> Page:
        if len(self.asked) >= self.breaks_after:
            raise transient_failure("gone")
        return super().ask(request)


@however_short
def test_one_reader_says_why_and_the_others_stop() -> None:
    listing = BreaksDown(range(0, 1000, 5))
    stream = Things(listing)
    present: list[Iterator[list[Row]]] = []
    shared = Parts(READERS, lambda: present.append(stream.read_pages({}, shared)))
    present.append(stream.read_pages({}, shared))
    failures = 0
    while present:
        reader = present.pop(0)
        try:
            if next(reader, None) is not None:
                present.append(reader)
        except Failure:
            failures += 1

    assert failures == 1
    assert not shared.complete
    assert len(stream.state["read_ahead"]) >= 2


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
    listing = BreaksDown(timestamps, stance=stance, restlessness=0.1, chance=chance, breaks_after=breaks_after)
    came: list[Hashable] = []
    try:
        came.extend(row["id"] for row in read_together(Things(listing), chance))
    except Failure:
        return

    assert listing.throughout <= set(came) or not listing.throughout


class LosesARow(MovingList):
    """A list that a row leaves between the first two answers."""

    def ask(self, request: PageRequest) -> Page:
        if len(self.asked) == 1:
            self.throughout.discard(self.rows.pop()["id"])
        return super().ask(request)


def test_a_row_that_leaves_between_the_first_two_answers_is_no_reason_to_read_in_another_way() -> None:
    listing = LosesARow(range(0, 300, 5))

    assert listing.throughout >= set(ids(read_together(Things(listing), random.Random(1)))) >= set(range(59))
    assert {request.order for request in listing.asked} == {Order.OLDEST_CHANGE_FIRST}


@pytest.mark.parametrize("spread", ["even", "late", "early"])
@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("pages", [1, 3, 10, 40, 200, 500])
def test_reading_together_costs_few_further_requests(spread: str, tells_total: bool, pages: int) -> None:
    size, power = 10, {"even": 1.0, "late": 0.2, "early": 5.0}[spread]
    rows = pages * size
    timestamps = [int(10_000_000 * (row / rows) ** power) for row in range(rows)]
    requests = []
    for readers in (1, 10):
        listing = MovingList(timestamps, size=size, tells_total=tells_total)
        assert sorted(ids(read_together(things(listing), random.Random(7), readers))) == list(range(rows))  # type: ignore[type-var]
        requests.append(len(listing.asked))

    alone, together = requests
    assert together - alone <= 0.05 * alone
    if pages <= 10:
        assert together == alone


@pytest.mark.parametrize("spread", ["even", "late", "early"])
def test_the_readers_share_evenly(spread: str) -> None:
    power = {"even": 1.0, "late": 0.3, "early": 3.0}[spread]
    listing = MovingList([int(10_000_000 * (row / 4000) ** power) for row in range(4000)], size=10)
    stream = Things(listing)
    present: list[Iterator[list[Row]]] = []
    shared = Parts(10, lambda: present.append(stream.read_pages({}, shared)))
    present.append(stream.read_pages({}, shared))
    rounds = 0
    while present:
        for reader in list(present):
            if next(reader, None) is None:
                present.remove(reader)
        rounds += 1

    assert rounds <= 1.25 * len(listing.asked) / 10


def test_the_census_reads_between_its_points() -> None:
    census = Census()
    census.note(None, Page([{}] * 10, total=1000, server_time=1100), [100, 110])
    assert census.rows_between(100, 600) == pytest.approx(500, rel=0.01)
    census.note(600, Page([{}] * 10, total=900, server_time=1100), [600, 610])
    assert census.rows_between(100, 600) == pytest.approx(100, rel=0.01)
    assert census.cut(600, 1100, 0.5) == pytest.approx(850, abs=2)


@however_short
def test_a_question_that_begins_a_part_is_a_question_like_any_other() -> None:
    """Nothing is asked but first pages of "changed since", ascending."""
    listing = MovingList(range(0, 3000, 5))
    list(read_together(Things(listing), random.Random(1)))

    assert {(request.number, request.order) for request in listing.asked} == {(1, Order.OLDEST_CHANGE_FIRST)}


@pytest.mark.parametrize(("waited", "handled", "readers"), [(0.008, 0.005, 1), (0.11, 0.005, 21), (0.02, 0.005, 3)])
def test_only_who_finds_something_to_do_is_called(
    monkeypatch: pytest.MonkeyPatch, waited: float, handled: float, readers: int
) -> None:
    monkeypatch.delenv(SHARE_ALWAYS)
    pace = Pace()
    assert pace.useful_readers == 1
    pace.note(waited, handled)
    assert pace.useful_readers == readers

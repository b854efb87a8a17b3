"""One loop follows a paging to the end of a list, and never further."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Hashable, Iterator

import pytest

from source_invoicing.streams.listing.errors import ListChanged, PageRepeated, RowsRepeated
from source_invoicing.streams.listing.paging import Offsets, Pages, Tally, Tokens, pages
from source_invoicing.streams.page import Page, PageRequest, Paging, Row
from unit_tests.scripted_list import ScriptedList


def rows(*ids: int) -> list[Row]:
    return [{"id": number} for number in ids]


def read(listing: ScriptedList, paging: Paging, tally: Tally | None = None) -> list[Hashable]:
    listing.paging = paging
    return [key for listed in pages(listing, PageRequest(), tally=tally) for key in listed.keys]


ALL = [Offsets(), Pages(), Pages(resizable=True)]


@pytest.mark.parametrize("paging", ALL)
def test_a_short_page_is_no_end_and_costs_one_request_behind_it(paging: Paging) -> None:
    listing = ScriptedList([Page(rows(1, 2, 3)), Page(rows(4), short=True), Page(rows(5, 6), short=True), Page([])])

    assert read(listing, paging) == [1, 2, 3, 4, 5, 6]
    assert len(listing.asked) == 4


@pytest.mark.parametrize(
    "last",
    [Page(rows(4), ends_list=True), Page(rows(4), has_more=False), Page(rows(4), total=4)],
    ids=["vendor documents it", "API says so", "total"],
)
def test_what_says_that_the_list_ends_costs_no_further_request(last: Page) -> None:
    listing = ScriptedList([Page(rows(1, 2, 3)), last])

    assert read(listing, Pages()) == [1, 2, 3, 4]
    assert len(listing.asked) == 2


def test_a_total_outweighs_what_ends_a_list() -> None:
    listing = ScriptedList([Page(rows(1), total=2, ends_list=True), Page(rows(2), total=2, ends_list=True)])

    assert read(listing, Pages()) == [1, 2]


@pytest.mark.parametrize("paging", [Pages(), Offsets(), Pages(resizable=True)])
def test_the_same_page_twice_in_a_row_is_an_error(paging: Paging) -> None:
    listing = ScriptedList([Page(rows(1, 2, 3), has_more=True)])

    with pytest.raises(PageRepeated, match="answers with the same page twice"):
        read(listing, paging)
    assert len(listing.asked) == 2


def test_the_same_short_page_of_an_api_that_does_not_page_is_the_whole_list() -> None:
    listing = ScriptedList([Page(rows(1, 2), short=True)])

    assert read(listing, Pages()) == [1, 2]
    assert len(listing.asked) == 2


def test_a_full_page_that_does_not_shrink_when_fewer_rows_are_asked_for_is_the_whole_list() -> None:
    listing = ScriptedList([Page(rows(1, 2, 3))])

    assert read(listing, Pages(may_be_whole=True)) == [1, 2, 3]
    assert [request.size for request in listing.asked] == [None, None, 2]


def test_a_page_that_shrinks_when_fewer_rows_are_asked_for_is_no_whole_list() -> None:
    listing = ScriptedList([Page(rows(1, 2, 3)), Page(rows(1, 2, 3)), Page(rows(1, 2))])

    with pytest.raises(PageRepeated):
        read(listing, Pages(may_be_whole=True))


# -- cursors and links ------------------------------------------------------------------------------------------------


def endless(total: int | None = None) -> ScriptedList:
    """Each page hands out another token for ever; rows are on the first page only."""

    def respond(request: PageRequest) -> Page:
        return Page(rows(1, 2, 3) if request.is_first else [], total=total, next=f"page={len(listing.asked) + 1}")

    listing = ScriptedList([respond])
    return listing


def test_links_that_go_on_behind_a_list_whose_total_came_true_are_followed_once() -> None:
    listing = endless(total=3)

    assert read(listing, Tokens()) == [1, 2, 3]
    assert len(listing.asked) == 2


def test_links_that_go_on_for_ever_without_a_row_end_in_an_error() -> None:
    listing = endless()

    with pytest.raises(PageRepeated, match="without a row"):
        read(listing, Tokens())
    assert len(listing.asked) <= 12


@pytest.mark.parametrize(("paging", "says"), [(Pages(), {"has_more": True}), (Tokens(), {"next": "b"})])
def test_an_empty_page_in_the_middle_is_passed(paging: Paging, says: dict[str, str]) -> None:
    first = {key: "a" if key == "next" else value for key, value in says.items()}
    listing = ScriptedList([Page(rows(1), **first), Page([], **says), Page(rows(2), has_more=False)])  # type: ignore[arg-type]

    assert read(listing, paging) == [1, 2]


@pytest.mark.parametrize("paging", [Pages(), Offsets()])
def test_pages_that_come_round_again_are_not_asked_for_without_bound(paging: Paging) -> None:
    listing = ScriptedList([Page(rows(number % 3), has_more=True) for number in range(1000)])

    with pytest.raises(PageRepeated, match="without a row"):
        read(listing, paging)
    assert len(listing.asked) < 20


def test_a_next_page_that_is_always_there_ends_where_the_api_says_that_nothing_follows() -> None:
    listing = ScriptedList([Page(rows(1), has_more=True, next="a"), Page(rows(2), has_more=False, next="a")])

    assert read(listing, Tokens()) == [1, 2]


def test_an_empty_page_that_names_itself_is_the_end() -> None:
    listing = ScriptedList([Page(rows(1), next="a"), Page([], next="a")])

    assert read(listing, Tokens()) == [1]
    assert len(listing.asked) == 2


def test_the_same_next_page_twice_is_an_error() -> None:
    listing = ScriptedList([Page(rows(1), next="a"), Page(rows(2), next="b"), Page(rows(3), next="a")])

    with pytest.raises(PageRepeated, match="hands out the same next page twice"):
        read(listing, Tokens())


def test_the_same_next_page_twice_is_the_end_where_the_total_came_true() -> None:
    listing = ScriptedList([Page(rows(1), next="a", total=2), Page(rows(2), next="a", total=2)])

    assert read(listing, Tokens()) == [1, 2]


def test_a_list_that_goes_on_and_names_no_next_page_is_not_complete() -> None:
    listing = ScriptedList([Page(rows(1), has_more=True)])

    with pytest.raises(ListChanged, match="says that it goes on and hands out no next page after 1 rows"):
        read(listing, Tokens())


def test_rows_that_are_inserted_behind_a_cursor_need_not_come() -> None:
    listing = ScriptedList([Page(rows(1), next="a", total=2), Page(rows(2), total=3)])

    assert read(listing, Tokens()) == [1, 2]


# -- totals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paging", [Pages(), Offsets(), Tokens()])
def test_a_list_that_ends_before_its_total_is_not_complete(paging: Paging) -> None:
    listing = ScriptedList([Page(rows(1, 2), has_more=False, total=3)] + [Page([], has_more=False, total=3)] * 9)

    with pytest.raises(ListChanged, match="tells of 3 rows and ends after 2"):
        read(listing, paging)
    assert len(listing.asked) <= 3


def test_a_page_that_lacks_its_rows_once_is_asked_for_once_more() -> None:
    listing = ScriptedList([Page([], has_more=False, total=2), Page(rows(1, 2), has_more=False, total=2)])

    assert read(listing, Pages()) == [1, 2]


@pytest.mark.parametrize("paging", [Pages(), Offsets(), Tokens()])
def test_a_total_is_reached_by_different_rows_alone(paging: Paging) -> None:
    listing = ScriptedList(
        [Page(rows(1, 2), total=4, next="a", has_more=True), Page(rows(2, 3), total=4, has_more=False)]
    )

    with pytest.raises(RowsRepeated, match="tells of 4 rows and holds 3 different ones") as error:
        read(listing, paging)
    assert "unique" in error.value.advice


# -- promised pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paging", "first"), [(Tokens(), Page(rows(1), next="a")), (Pages(), Page(rows(1), has_more=True))]
)
def test_no_content_in_the_place_of_a_promised_page_is_not_the_end(paging: Paging, first: Page) -> None:
    listing = ScriptedList([first, Page([], blank=True)])

    with pytest.raises(ListChanged, match="says that it goes on and ends after 1 rows"):
        read(listing, paging)
    assert len(listing.asked) == 3


def test_no_content_where_no_page_was_promised_is_the_end() -> None:
    listing = ScriptedList([Page(rows(1)), Page([], blank=True)])

    assert read(listing, Pages()) == [1]
    assert len(listing.asked) == 2


def test_a_cursor_may_lead_to_an_empty_page_that_ends_the_list() -> None:
    listing = ScriptedList([Page(rows(1), next="a"), Page([])])

    assert read(listing, Tokens()) == [1]


# -- calling it -------------------------------------------------------------------------------------------------------


def test_pages_that_are_read_again_count_neither_twice_nor_as_pages_without_news() -> None:
    tally = Tally()
    many = ScriptedList([Page(rows(number), has_more=number < 39) for number in range(40)])
    assert read(many, Pages(), tally) == list(range(40))
    tally.rows = 0

    again = ScriptedList([Page(rows(number), has_more=number < 39) for number in range(40)])
    assert read(again, Pages(), tally) == list(range(40))
    assert tally.distinct == 40


def test_a_page_that_was_fetched_is_not_fetched_again() -> None:
    listing = ScriptedList([Page(rows(2), has_more=False)])

    listed = list(pages(listing, PageRequest(), first=Page(rows(1), has_more=True)))

    assert [each.keys for each in listed] == [(1,), (2,)]
    assert [each.has_next for each in listed] == [True, False]
    assert [request.number for request in listing.asked] == [2]


def test_nothing_holds_on_to_the_rows_of_a_page_while_the_next_one_is_fetched() -> None:
    class Kept(dict[str, int]):
        pass

    class Watched(ScriptedList):
        alive: int = 0
        last: weakref.ref[Kept] | None = None

        def fetch(self, request: PageRequest) -> Page:
            gc.collect()
            self.alive += self.last is not None and self.last() is not None
            self.asked.append(request)
            row = Kept(id=request.number)
            self.last = weakref.ref(row)
            return Page([row], has_more=request.number < 5)

    listing = Watched([])
    read_pages: Iterator[object] = pages(listing, PageRequest())
    for each in read_pages:
        del each

    assert len(listing.asked) == 5
    assert listing.alive == 0

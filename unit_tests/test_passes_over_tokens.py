"""Lists whose pages hand out what to ask for the next page with: a cursor or a link."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_invoicing.http import BadRequest, UnexpectedResponse
from source_invoicing.streams.listing.page_numbers import HandedOut, looks_like_page_numbers, numbers_in
from source_invoicing.streams.listing.paging import Tokens
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.strategy import Plan, PlanNotSupported
from source_invoicing.streams.page import Page, PageRequest
from unit_tests.silent_list import SilentList

PLAN = Plan(Passes)
SOME_TOKENS, ROWS_BY_NAME = Tokens(), Tokens(name_a_row=True)

Kind = Literal["row", "opaque", "page", "offset", "relay"]


@dataclass
class TokenList(SilentList):
    """A list in order of creation that is followed by tokens.

    :param kind: what a token is: the id of the last row, the same as words, the number of the next page, the rows
        before it, or the index of the last row in base64
    :param forgets: whether a token is refused when the row it names is gone
    """

    kind: Kind = "row"
    forgets: bool = False

    def fetch(self, request: PageRequest) -> Page:
        self.change_now_and_then()
        self.asked.append(request)
        rows = self._listed(request)
        start = self._start(request.token)
        page = rows[start : start + self.size]
        is_last = start + self.size >= len(rows)
        return Page(
            [dict(row) for row in page],
            total=len(rows) if self.tells_total else None,
            server_time=self.clock,
            next=None if is_last else self._token(start, len(page), page[-1]["id"]),
        )

    def _token(self, start: int, rows: int, last: int) -> str:
        return {
            "row": f"{last}",
            "opaque": f"after-{last}-x",
            "page": f"https://api.example/things?page={(start + rows) // self.size + 1}&per_page={self.size}",
            "offset": f"https://api.example/things?limit={self.size}&offset={start + rows}",
            "relay": b64encode(f"arrayconnection:{start + rows - 1}".encode()).decode(),
        }[self.kind]

    def _start(self, token: str | None) -> int:
        if token is None:
            return 0
        if self.kind == "page":
            return (numbers_in(token)["page="] - 1) * self.size
        if self.kind == "offset":
            return numbers_in(token)["offset="]
        if self.kind == "relay":
            return next(number for name, number in numbers_in(token).items() if "arrayconnection" in name) + 1
        last = int(token) if self.kind == "row" else int(token.split("-")[1])
        if self.forgets and all(row["id"] != last for row in self.rows):
            raise BadRequest("No such cursor.", FailureType.config_error)
        return sum(row["id"] <= last for row in self.rows)


def hand_out(listing: TokenList, paging: Tokens = SOME_TOKENS, since: int | None = None) -> list[Hashable]:
    return [row["id"] for batch in Passes(listing, PLAN, paging).batches(since) for row in batch.rows]


def before_each_request(listing: TokenList, change: Callable[[], None]) -> None:
    fetch = listing.fetch

    def change_and_fetch(request: PageRequest) -> Page:
        change()
        return fetch(request)

    listing.fetch = change_and_fetch  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("kind", "paging", "passes"),
    [
        ("row", ROWS_BY_NAME, 1),
        ("opaque", SOME_TOKENS, 1),
        ("page", SOME_TOKENS, 2),
        ("offset", SOME_TOKENS, 2),
        ("relay", SOME_TOKENS, 2),
    ],
)
@pytest.mark.parametrize("tells_total", [False, True])
def test_tokens_that_may_count_pages_or_rows_are_followed_twice(
    kind: Kind, paging: Tokens, passes: int, tells_total: bool
) -> None:
    listing = TokenList(list(range(10, 105)), kind=kind, tells_total=tells_total)

    assert hand_out(listing, paging) == list(range(95))
    assert len(listing.asked) == 10 * passes


@pytest.mark.parametrize("kind", ["row", "page"])
def test_a_list_of_one_page_is_read_once(kind: Kind) -> None:
    listing = TokenList(list(range(9)), kind=kind)

    assert hand_out(listing) == list(range(9))
    assert len(listing.asked) == 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["row", "opaque", "page", "offset", "relay"]),
    rows=st.integers(15, 60),
    seed=st.integers(0, 10_000),
    forgets=st.booleans(),
    tells_total=st.booleans(),
)
def test_nothing_slips_through_a_list_that_moves(
    kind: Kind, rows: int, seed: int, forgets: bool, tells_total: bool
) -> None:
    listing = TokenList(
        list(range(rows)),
        kind=kind,
        forgets=forgets,
        tells_total=tells_total,
        restlessness=0.2,
        most_changes=6,
        chance=random.Random(seed),
    )

    try:
        ids = hand_out(listing, ROWS_BY_NAME if kind == "row" else SOME_TOKENS)
    except (BadRequest, UnexpectedResponse):
        return
    assert listing.throughout <= set(ids)


def test_a_delete_between_two_pages_of_a_relay_connection_loses_no_row() -> None:
    listing = TokenList(list(range(95)), kind="relay")

    def delete() -> None:
        if len(listing.asked) == 5:
            listing.rows.pop(0)

    before_each_request(listing, delete)

    assert set(hand_out(listing)) == set(range(95))


def test_a_cursor_that_the_api_no_longer_knows_makes_the_list_begin_again_once() -> None:
    listing = TokenList(list(range(50)), forgets=True)

    def delete_the_row_it_names() -> None:
        if len(listing.asked) == 3:
            listing.rows = [row for row in listing.rows if row["id"] != 29]

    before_each_request(listing, delete_the_row_it_names)

    assert set(hand_out(listing, ROWS_BY_NAME)) == set(range(50))
    assert [request.token for request in listing.asked] == [None, "9", "19", "29", None, "9", "19", "30", "40"]


def test_a_cursor_that_is_refused_each_time_is_a_refusal() -> None:
    listing = TokenList(list(range(50)))
    fetch = listing.fetch

    def refuse(request: PageRequest) -> Page:
        if request.token is not None:
            raise BadRequest("No such cursor.", FailureType.config_error)
        return fetch(request)

    listing.fetch = refuse  # type: ignore[method-assign]

    with pytest.raises(BadRequest):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) == 2


def test_a_total_that_shrinks_makes_a_list_of_links_begin_again() -> None:
    listing = TokenList(list(range(50)), kind="page", tells_total=True)

    def delete() -> None:
        if len(listing.asked) == 2:
            listing.rows.pop(0)

    before_each_request(listing, delete)

    assert set(hand_out(listing)) == set(range(50))
    assert len(listing.asked) == 3 + 2 * 5


def answered(pages: Sequence[Page], paging_advice: str = "") -> TokenList:
    """A list that answers with these pages, one after the other, and with the last one for ever."""
    listing = TokenList([], paging_advice=paging_advice)

    def fetch(request: PageRequest) -> Page:
        listing.asked.append(request)
        page = pages[min(len(listing.asked), len(pages)) - 1]
        return replace(page, rows=[dict(row) for row in page.rows])

    listing.fetch = fetch  # type: ignore[method-assign]
    return listing


def rows(*ids: int) -> list[dict[str, int | None]]:
    return [{"id": number, "at": None} for number in ids]


class Endless(TokenList):
    """A list whose links go on behind its end."""

    def fetch(self, request: PageRequest) -> Page:
        self.asked.append(request)
        page = rows(1, 2, 3) if request.token is None else []
        return Page(page, total=3 if self.tells_total else None, next=f"/things?page={len(self.asked) + 1}")


def test_links_that_go_on_behind_the_total_end_with_it() -> None:
    listing = Endless([], tells_total=True)

    assert hand_out(listing) == [1, 2, 3]
    assert len(listing.asked) <= 4


def test_links_that_go_on_without_a_total_end_as_failed() -> None:
    listing = Endless([], paging_advice="Check the pagination of the stream.")

    with pytest.raises(UnexpectedResponse, match="goes on for"):
        hand_out(listing)
    assert len(listing.asked) < 15


def test_an_empty_page_in_the_middle_is_passed() -> None:
    listing = answered([Page(rows(1, 2), next="a"), Page([], next="b"), Page(rows(3), next=None)])

    assert hand_out(listing) == [1, 2, 3]


def test_an_empty_page_that_names_itself_is_the_end() -> None:
    listing = answered([Page(rows(1, 2), next="a"), Page([], next="a")])

    assert hand_out(listing) == [1, 2]
    assert len(listing.asked) == 2


@pytest.mark.parametrize(
    ("pages", "complaint"),
    [
        ([Page(rows(1, 2), next="a"), Page(rows(3, 4), next="a")], "hands out the same next page twice"),
        ([Page(rows(1, 2), next="a"), Page(rows(1, 2), next="b")], "answers with the same page twice"),
        ([Page(rows(1, 2), has_more=True)], "says that it goes on and hands out no next page after 2 rows"),
        ([Page(rows(1, 2), total=5, next="a"), Page(rows(3), total=5)], "tells of 5 rows and ends after 3"),
    ],
)
def test_a_list_that_contradicts_itself_fails_at_once(pages: Sequence[Page], complaint: str) -> None:
    listing = answered(pages)

    with pytest.raises(UnexpectedResponse, match=f"/things {complaint}, so it cannot be read completely"):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) <= len(pages) + 1


def test_the_same_page_twice_names_the_pagination_where_it_can_be_configured() -> None:
    listing = answered([Page(rows(1, 2), next="a"), Page(rows(1, 2), next="b")], "Check the pagination.")

    with pytest.raises(UnexpectedResponse, match=r"same page twice.*Check the pagination\.") as failed:
        hand_out(listing)
    assert failed.value.failure_type is FailureType.config_error


def test_rows_that_come_twice_unchanged_on_pages_that_do_not_touch_settle_nothing() -> None:
    one_pass = [Page(rows(1, 2), next="a"), Page(rows(3, 1), next="b"), Page(rows(5, 6))]
    listing = answered([*one_pass, *one_pass])

    with pytest.raises(UnexpectedResponse, match="a field that is unique"):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) == 6


def test_a_cursor_that_includes_the_row_it_names_is_no_sign_of_that() -> None:
    listing = answered([Page(rows(1, 2, 3), next="a"), Page(rows(3, 4, 5), next="b"), Page(rows(5, 6))])

    assert hand_out(listing, ROWS_BY_NAME) == [1, 2, 3, 4, 5, 6]
    assert len(listing.asked) == 3


def test_a_row_that_an_edit_moved_on_is_no_sign_of_that() -> None:
    edited = {"id": 1, "at": 9}
    listing = answered([Page(rows(1, 2), next="a"), Page(rows(3, 4), next="b"), Page([*rows(5), edited])])

    assert hand_out(listing, ROWS_BY_NAME) == [1, 2, 3, 4, 5, 1]
    assert len(listing.asked) == 3


def test_a_filter_that_means_that_very_second_is_found_out() -> None:
    listing = TokenList(list(range(50)), filter="equal")

    with pytest.raises(PlanNotSupported, match="changed after"):
        hand_out(listing, ROWS_BY_NAME, since=5)


# -- what tokens look like --------------------------------------------------------------------------------------------


def handed_out(tokens: Sequence[str], size: int = 50) -> list[HandedOut]:
    return [HandedOut(token, page, page * size, size) for page, token in enumerate(tokens, 1)]


@pytest.mark.parametrize(
    "tokens",
    [
        ["2", "3", "4"],
        ["/things?page=2", "/things?page=3"],
        ["/things/page/2", "/things/page/3"],
        ["/things?start=1&per=50", "/things?start=2&per=50"],
        ["50", "100", "150"],
        ["https://a.example/?limit=50&offset=50", "https://a.example/?limit=50&offset=100"],
        ["arrayconnection:49", "arrayconnection:99"],
        ["YXJyYXljb25uZWN0aW9uOjQ5", "YXJyYXljb25uZWN0aW9uOjk5"],
        ["/g?after=YXJyYXljb25uZWN0aW9uOjQ5&first=50", "/g?after=YXJyYXljb25uZWN0aW9uOjk5&first=50"],
        [b64encode(f'{{"offset": {rows}, "sort": "id"}}'.encode()).decode() for rows in (50, 100)],
    ],
)
def test_tokens_that_count(tokens: Sequence[str]) -> None:
    assert looks_like_page_numbers(handed_out(tokens))


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["8a7f", "91bc"],
        ["1048", "2291"],
        ["/things?after=in_1048&page=x", "/things?after=in_2291&page=x"],
        ["eyJpZCI6IjEwNDgifQ==", "eyJpZCI6IjIyOTEifQ=="],
        ["cus_2", "cus_4"],
        ["2", "93"],
    ],
)
def test_tokens_that_do_not(tokens: Sequence[str]) -> None:
    assert not looks_like_page_numbers(handed_out(tokens))

"""Lists whose pages hand out what to ask for the next page with: a cursor or a link."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Hashable, Sequence

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_invoicing.http import BadRequest, UnexpectedResponse
from source_invoicing.streams.listing.errors import PlanNotSupported
from source_invoicing.streams.listing.page_numbers import IssuedToken, looks_like_page_numbers
from source_invoicing.streams.listing.paging import Tokens
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.strategy import Plan
from source_invoicing.streams.page import Listing, Page, PageRequest, Row
from unit_tests.moving_list import token_list
from unit_tests.scripted_list import ScriptedList
from unit_tests.server_parts import Token

PLAN = Plan(Passes)
SOME_TOKENS, ROWS_BY_NAME = Tokens(), Tokens(name_a_row=True)


def hand_out(listing: Listing, paging: Tokens = SOME_TOKENS, since: int | None = None) -> list[Hashable]:
    listing.paging = paging
    return [row["id"] for batch in Passes(listing, PLAN).batches(since) for row in batch.rows]


@pytest.mark.parametrize(
    ("token", "paging", "passes"),
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
    token: Token, paging: Tokens, passes: int, tells_total: bool
) -> None:
    listing = token_list(list(range(10, 105)), token=token, tells_total=tells_total)

    assert hand_out(listing, paging) == list(range(95))
    assert len(listing.asked) == 10 * passes


@pytest.mark.parametrize("token", ["row", "page"])
def test_a_list_of_one_page_is_read_once(token: Token) -> None:
    listing = token_list(list(range(9)), token=token)

    assert hand_out(listing) == list(range(9))
    assert len(listing.asked) == 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    token=st.sampled_from(["row", "opaque", "page", "offset", "relay"]),
    rows=st.integers(15, 60),
    seed=st.integers(0, 10_000),
    forgets=st.booleans(),
    tells_total=st.booleans(),
)
def test_nothing_slips_through_a_list_that_moves(
    token: Token, rows: int, seed: int, forgets: bool, tells_total: bool
) -> None:
    listing = token_list(
        list(range(rows)),
        token=token,
        forgets=forgets,
        tells_total=tells_total,
        restlessness=0.2,
        most_changes=6,
        chance=random.Random(seed),
    )

    try:
        ids = hand_out(listing, ROWS_BY_NAME if token == "row" else SOME_TOKENS)
    except (BadRequest, UnexpectedResponse):
        return
    assert listing.throughout <= set(ids)


def test_a_delete_between_two_pages_of_a_relay_connection_loses_no_row() -> None:
    listing = token_list(list(range(95)), token="relay")

    def delete(_: PageRequest) -> None:
        if len(listing.asked) == 5:
            listing.rows.pop(0)

    listing.before_each(delete)

    assert set(hand_out(listing)) == set(range(95))


def test_a_cursor_that_the_api_no_longer_knows_makes_the_list_begin_again_once() -> None:
    listing = token_list(list(range(50)), forgets=True)

    def delete_the_row_it_names(_: PageRequest) -> None:
        if len(listing.asked) == 3:
            listing.rows = [row for row in listing.rows if row["id"] != 29]

    listing.before_each(delete_the_row_it_names)

    assert set(hand_out(listing, ROWS_BY_NAME)) == set(range(50))
    assert [request.token for request in listing.asked] == [None, "9", "19", "29", None, "9", "19", "30", "40"]


def test_a_cursor_that_is_refused_each_time_is_a_refusal() -> None:
    listing = token_list(list(range(50)))

    def refuse(request: PageRequest) -> None:
        if request.token is not None:
            raise BadRequest("No such cursor.", FailureType.config_error)

    listing.before_each(refuse)

    with pytest.raises(BadRequest):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) == 2


def test_a_total_that_shrinks_makes_a_list_of_links_begin_again() -> None:
    listing = token_list(list(range(50)), token="page", tells_total=True)

    def delete(_: PageRequest) -> None:
        if len(listing.asked) == 2:
            listing.rows.pop(0)

    listing.before_each(delete)

    assert set(hand_out(listing)) == set(range(50))
    assert len(listing.asked) == 3 + 2 * 5


def test_a_total_that_shrinks_to_the_same_number_twice_is_no_reason_to_give_up() -> None:
    listing = token_list(list(range(50)), token="page", tells_total=True)

    def replace_a_row(_: PageRequest) -> None:
        if len(listing.asked) in (2, 5):
            listing.rows.pop(0)
        elif len(listing.asked) == 3:
            listing.rows.append({"id": 100, "at": 100})

    listing.before_each(replace_a_row)

    assert set(hand_out(listing)) >= set(range(2, 50))


def test_a_list_of_links_that_shrinks_each_time_is_read_while_fewer_rows_are_deleted() -> None:
    listing = token_list(list(range(50)), token="page", tells_total=True)
    listing.before_each(lambda request: None if request.is_first else listing.rows.pop(0))

    with pytest.raises(UnexpectedResponse, match=r"shrank from .* while fewer rows are deleted from it"):
        hand_out(listing)
    assert len(listing.asked) <= 20


def rows(*ids: int) -> list[Row]:
    return [{"id": number, "at": None} for number in ids]


def endless(total: int | None = None, paging_advice: str = "") -> ScriptedList:
    """A list whose links go on behind its end."""

    def respond(request: PageRequest) -> Page:
        listed = rows(1, 2, 3) if request.is_first else []
        return Page(listed, total=total, next=f"/things?page={len(listing.asked) + 1}")

    listing = ScriptedList([respond], paging_advice=paging_advice)
    return listing


def test_links_that_go_on_behind_the_total_end_with_it() -> None:
    listing = endless(total=3)

    assert hand_out(listing) == [1, 2, 3]
    assert len(listing.asked) <= 4


def test_links_that_go_on_without_a_total_end_as_failed() -> None:
    listing = endless(paging_advice="Check the pagination of the stream.")

    with pytest.raises(UnexpectedResponse, match="goes on for"):
        hand_out(listing)
    assert len(listing.asked) < 15


def test_an_empty_page_in_the_middle_is_passed() -> None:
    listing = ScriptedList([Page(rows(1, 2), next="a"), Page([], next="b"), Page(rows(3), next=None)])

    assert hand_out(listing) == [1, 2, 3]


def test_an_empty_page_that_names_itself_is_the_end() -> None:
    listing = ScriptedList([Page(rows(1, 2), next="a"), Page([], next="a")])

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
    listing = ScriptedList(pages)

    with pytest.raises(UnexpectedResponse, match=f"/things {complaint}, so it cannot be read completely"):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) <= len(pages) + 1


def test_the_same_page_twice_names_the_pagination_where_it_can_be_configured() -> None:
    listing = ScriptedList(
        [Page(rows(1, 2), next="a"), Page(rows(1, 2), next="b")], paging_advice="Check the pagination."
    )

    with pytest.raises(UnexpectedResponse, match=r"same page twice.*Check the pagination\.") as failed:
        hand_out(listing)
    assert failed.value.failure_type is FailureType.config_error


def test_rows_that_come_twice_unchanged_on_pages_that_do_not_touch_settle_nothing() -> None:
    one_pass = [Page(rows(1, 2), next="a"), Page(rows(3, 1), next="b"), Page(rows(5, 6))]
    listing = ScriptedList([*one_pass, *one_pass])

    with pytest.raises(UnexpectedResponse, match="a field that is unique"):
        hand_out(listing, ROWS_BY_NAME)
    assert len(listing.asked) == 6


def test_a_cursor_that_includes_the_row_it_names_is_no_sign_of_that() -> None:
    listing = ScriptedList([Page(rows(1, 2, 3), next="a"), Page(rows(3, 4, 5), next="b"), Page(rows(5, 6))])

    assert hand_out(listing, ROWS_BY_NAME) == [1, 2, 3, 4, 5, 6]
    assert len(listing.asked) == 3


@pytest.mark.parametrize(("token", "is_read"), [("id-4", True), ("arrayconnection:3", False)])
def test_one_row_on_two_pages_is_a_sign_of_that_only_where_the_token_counts_no_rows(token: str, is_read: bool) -> None:
    """With a token that counts, row 5 may stand in the place of row 4, which came on no page."""
    listing = ScriptedList([Page(rows(1, 3, 2, 5), next=token), Page(rows(5, 6))] * 20)

    if is_read:
        assert hand_out(listing) == [1, 3, 2, 5, 6]
    else:
        with pytest.raises(UnexpectedResponse, match="a field that is unique"):
            hand_out(listing)


def test_a_row_that_an_edit_moved_on_is_no_sign_of_that() -> None:
    edited = {"id": 1, "at": 9}
    listing = ScriptedList([Page(rows(1, 2), next="a"), Page(rows(3, 4), next="b"), Page([*rows(5), edited])])

    assert hand_out(listing, ROWS_BY_NAME) == [1, 2, 3, 4, 5, 1]
    assert len(listing.asked) == 3


def test_a_filter_that_means_that_very_second_is_found_out() -> None:
    listing = token_list(list(range(50)), filter="equal")

    with pytest.raises(PlanNotSupported, match="changed after"):
        hand_out(listing, ROWS_BY_NAME, since=5)


# -- what tokens look like --------------------------------------------------------------------------------------------


def handed_out(tokens: Sequence[str], size: int = 50) -> list[IssuedToken]:
    return [IssuedToken(token, page, page * size, size) for page, token in enumerate(tokens, 1)]


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

"""The configurable platform: servers that page in whatever way. Every list ends, and none ends complete too early.

The suite runs the same examples each time; ``SOURCE_INVOICING_FUZZ=20`` runs twenty times as many, others each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests_mock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import LIST, Json, config, ids, invoices, query, read

TIMES = float(os.environ.get("SOURCE_INVOICING_FUZZ", "1"))
# A list is read at most ten times, and ten pages without news may follow each other, each time.
MAX_PASSES, MAX_WITHOUT_NEWS = 10, 10
# Requests beside the passes: a look at the beginning, a page that ends too early once more, other plans.
BESIDE = 60
FRESH, ITSELF = "fresh", "itself"

examples = settings(
    max_examples=max(int(10 * TIMES), 1),
    derandomize=TIMES == 1,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Node:
    """A page of a server of links.

    :param rows: ids on it
    :param next: the page behind it: a number, itself, one with a token that was never there before, or none
    :param more: what its flag says
    """

    rows: tuple[int, ...]
    next: int | str | None
    more: bool | None


ROW_IDS = st.lists(st.integers(0, 30), max_size=6, unique=True).map(tuple)
NEXT = st.one_of(st.integers(0, 6), st.sampled_from([None, ITSELF, FRESH]))
NODES = st.lists(st.builds(Node, ROW_IDS, NEXT, st.sampled_from([None, True, False])), min_size=1, max_size=7)
TOLD = st.sampled_from(["nothing", "total", "total of all", "flag"])
WAYS: dict[str, Json] = {
    "next_url": {"type": "next_url", "path": "next"},
    "link_header": {"type": "link_header"},
    "cursor": {"type": "cursor", "cursor_param": "at", "source": "body", "path": "next"},
}


class LinkServer:
    """Serves nodes, each by the token ``<node>-<how many tokens came before>`` where tokens are fresh."""

    def __init__(self, nodes: list[Node], way: str, told: str, total: int) -> None:
        self._nodes, self._way, self._told, self._total = nodes, way, told, total
        self.asked = 0

    def __call__(self, request: Any, context: Any) -> Json:
        self.asked += 1
        token = query(request).get("at", "n0")
        node = self.node(token)
        following = self.following(token)
        body: Json = {"data": [{"id": row} for row in node.rows]}
        if self._told.startswith("total"):
            body["total"] = self._total
        if self._told == "flag" and node.more is not None:
            body["more"] = node.more
        if following is not None and self._way == "link_header":
            context.headers["Link"] = f'<{LIST}?at={following}>; rel="next"'
        elif self._way != "link_header":
            body["next"] = following if self._way == "cursor" or following is None else f"?at={following}"
        return body

    def node(self, token: str) -> Node:
        return self._nodes[int(token.partition("-")[0][1:]) % len(self._nodes)]

    def following(self, token: str) -> str | None:
        following = self.node(token).next
        if following is None:
            return None
        if following == ITSELF:
            return token
        name, _, count = token.partition("-")
        return f"{name}-x{int(count[1:] or 0) + 1}" if following == FRESH else f"n{following}"

    def reachable(self) -> tuple[set[int], bool]:
        """The rows on the way to the end of the list, and whether there is one."""
        token: str | None = "n0"
        met: set[str] = set()
        rows: set[int] = set()
        while token is not None:
            if token in met or len(met) > len(self._nodes) + MAX_WITHOUT_NEWS:
                return rows, False
            met.add(token)
            node = self.node(token)
            rows.update(node.rows)
            token = None if self._told == "flag" and node.more is False else self.following(token)
        return rows, True


@contextmanager
def serving(answer: Callable[[Any, Any], Any]) -> Iterator[None]:
    with requests_mock.Mocker(case_sensitive=True) as mocker:
        mocker.get(LIST, json=answer)
        yield


def emitted(values: Json) -> set[int] | None:
    """The ids of a list that was read completely; ``None`` where it failed, with a sentence."""
    try:
        return set(ids(read(values)))
    except Failure:
        return None


@pytest.mark.parametrize("way", WAYS)
@examples
@given(nodes=NODES, told=TOLD, more=st.integers(0, 2))
def test_links_and_cursors_of_any_kind(way: str, nodes: list[Node], told: str, more: int) -> None:
    all_rows = {row for node in nodes for row in node.rows}
    reachable = LinkServer(nodes, way, told, 0).reachable()[0]
    total = len(all_rows) + more if told == "total of all" else len(reachable) + more
    server = LinkServer(nodes, way, told, total)
    signs = {"total_path": "total"} if told.startswith("total") else {"has_more_path": "more"} if told == "flag" else {}

    with serving(server):
        came = emitted(config(invoices(pagination={**WAYS[way], **signs})))

    assert server.asked <= MAX_PASSES * (len(nodes) + MAX_WITHOUT_NEWS + 3) + BESIDE
    if came is None:
        return
    rows, ends = server.reachable()
    if told.startswith("total"):
        assert len(came) >= total
    elif ends:
        assert came == rows
    else:
        # Only an empty page that names itself ends a list that goes on behind its end.
        assert came >= rows


@dataclass(frozen=True)
class Numbered:
    """How a server of offsets or pages deviates.

    :param cap: the most rows it sends
    :param hidden: rows that it leaves out after it has cut the page
    :param ignores: whether it sends the first page for each request
    :param ends_with: HTTP status of an empty page
    :param goes_on: whether it says so behind its end, too
    """

    rows: int
    cap: int
    hidden: frozenset[int]
    ignores: bool
    ends_with: int
    goes_on: bool
    total: int | None


NUMBERED = st.builds(
    Numbered,
    rows=st.integers(0, 40),
    cap=st.sampled_from([3, 7, 10, 100]),
    hidden=st.frozensets(st.integers(0, 40), max_size=3),
    ignores=st.sampled_from([False, False, False, True]),
    ends_with=st.sampled_from([200, 200, 204, 404]),
    goes_on=st.sampled_from([False, False, True]),
    total=st.sampled_from([None, 0, 1, -1]),
)
SIZE = 10
NUMBERS: dict[str, Json] = {
    "offset": {"type": "offset", "limit": SIZE},
    "page": {"type": "page", "size": SIZE},
    "fixed page": {"type": "page", "size_param": ""},
}


@pytest.mark.parametrize("way", NUMBERS)
@pytest.mark.parametrize("tells", ["nothing", "total", "flag"])
@examples
@given(like=NUMBERED)
def test_offsets_and_pages_of_any_kind(way: str, tells: str, like: Numbered) -> None:
    there = set(range(like.rows)) - like.hidden
    total = max(len(there) + (like.total or 0), 0)
    asked = 0

    def answer(request: Any, context: Any) -> Any:
        nonlocal asked
        asked += 1
        params = query(request)
        size = min(int(params.get("limit", params.get("per_page", SIZE))), like.cap)
        start = int(params["offset"]) if way == "offset" else (int(params["page"]) - 1) * size
        start = 0 if like.ignores else start
        page = range(start, min(start + size, like.rows))
        more = like.goes_on or start + size < like.rows
        if start and not page and like.ends_with != 200 and not like.goes_on:
            context.status_code = like.ends_with
            return {"error": "no such page"}
        return {"data": [{"id": row} for row in page if row not in like.hidden], "total": total, "more": more}

    signs = {"total": {"total_path": "total"}, "flag": {"has_more_path": "more"}, "nothing": {}}[tells]
    with serving(answer):
        came = emitted(config(invoices(pagination={**NUMBERS[way], **signs})))

    assert asked <= MAX_PASSES * (like.rows + MAX_WITHOUT_NEWS) + BESIDE
    if came is None:
        return
    if tells == "total":
        assert len(came) >= total
    elif not like.ignores and (tells == "flag" or not like.hidden):
        # Where the API tells nothing, a page from which rows are left out may look like the last one.
        assert came == there

"""What servers in memory have in common: ties that are broken anew for each page, and tokens."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Literal

from source_invoicing.streams.page import Order, Row

# How rows stand to each other that are equal in what they are sorted by: by their ids, in another order for each place,
# size and order of a page, or as MySQL's heap of LIMIT + OFFSET rows leaves them.
Ties = Literal["by id", "by page", "like MySQL"]
# What asks for the next page: the id of the last row, the same as words, the number of that page, alone, in a link, or
# in one with the size of pages, the rows before it in a link, or the index of the last row in base64.
Token = Literal["row", "opaque", "number", "link", "page", "offset", "relay"]

ORDERS = {order: number for number, order in enumerate(Order)}


def sorted_for_page(
    rows: list[Row], key: Callable[[Row], Any], ties: Ties, *, start: int, size: int, order: Order | None
) -> list[Row]:
    """Rows as they stand for a request.

    :param rows: by their ids, or however ties are to stand
    :param start: rows before the page
    :param size: rows on the page
    """
    if ties == "by id":
        return sorted(rows, key=key)
    if ties == "like MySQL":
        return _sorted_by_heap(rows, key, start + size)
    salt = (start, size, ORDERS[order] if order else -1)
    return sorted(rows, key=lambda row: (key(row), hash((salt, row["id"])) % 1009))


def token_behind(kind: Token, last: int, start: int, rows: int, size: int) -> str:
    """What a page hands out to ask for the next one with.

    :param last: the id of its last row
    :param start: rows before the page
    :param rows: on the page
    :param size: rows on a full page
    """
    number = (start + size) // size + 1
    link = "https://api.example/things?"
    return {
        "row": f"{last}",
        "opaque": f"after-{last}-x",
        "number": f"{number}",
        "link": f"{link}page={number}",
        "page": f"{link}page={number}&per_page={size}",
        "offset": f"{link}offset={start + rows}&limit={size}",
        "relay": b64encode(f"arrayconnection:{start + rows - 1}".encode()).decode(),
    }[kind]


def number_in(kind: Token, token: str, size: int) -> int:
    """The id of a row that a token names, or the rows before the page that it counts."""
    found = re.search(r"\d+", b64decode(token).decode() if kind == "relay" else token)
    assert found
    number = int(found[0])
    if kind in ("number", "link", "page"):
        return (number - 1) * size
    return number + 1 if kind == "relay" else number


def _sorted_by_heap(rows: list[Row], key: Callable[[Row], Any], limit: int) -> list[Row]:
    """The first rows as a heap of so many leaves them, which takes ties in whatever order it comes to them."""
    if limit >= len(rows):
        return sorted(rows, key=key)
    heap: list[Row] = []
    for row in rows:
        heap.append(row)
        _sift(heap, key)
        if len(heap) > limit:
            heap[0] = heap.pop()
            _sink(heap, key)
    ordered = []
    while heap:
        ordered.append(heap[0])
        last = heap.pop()
        if heap:
            heap[0] = last
            _sink(heap, key)
    return ordered[::-1]


def _sift(heap: list[Row], key: Callable[[Row], Any]) -> None:
    place = len(heap) - 1
    while place and key(heap[place]) > key(heap[(place - 1) // 2]):
        parent = (place - 1) // 2
        heap[place], heap[parent] = heap[parent], heap[place]
        place = parent


def _sink(heap: list[Row], key: Callable[[Row], Any]) -> None:
    place = 0
    while (child := 2 * place + 1) < len(heap):
        if child + 1 < len(heap) and key(heap[child + 1]) > key(heap[child]):
            child += 1
        if key(heap[place]) >= key(heap[child]):
            return
        heap[place], heap[child] = heap[child], heap[place]
        place = child

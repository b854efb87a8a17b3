"""Whether the tokens that an API hands out may be numbers of pages or of rows."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

# A whole segment of a path, a whole value of a parameter, or a whole token: "page=2", "/page/2", "2".
NUMBER = re.compile(r"(?:^|(?<=[/?&;#]))([^/?&;#]*[=:])?([0-9]{1,18})(?=$|[/?&;#])")
# A separate number in a decoded token: "arrayconnection:49", '{"offset":100}'.
DECODED_NUMBER = re.compile(r"(?<![\w.\-])([0-9]{1,18})(?![\w.\-])")
BASE64 = re.compile(r"[A-Za-z0-9_\-+/]{4,}={0,2}")


class IssuedToken(NamedTuple):
    """A token, and how much had been read when the API handed it out.

    :param pages: pages up to the one with the token
    :param rows: rows up to its end
    :param longest: rows on the longest of them
    """

    token: str
    pages: int
    rows: int
    longest: int


def looks_like_page_numbers(tokens: Sequence[IssuedToken]) -> bool:
    """Whether a number in all tokens of a list counts pages or rows: then a delete pulls a row out of sight.

    It may count from 0 or from 1, or name the last row that came (from 0, as Relay's connections do), in pages, in
    rows, or in rows as if each page were as full as the longest, or as another number in the token says.
    """
    readings: set[tuple[str, int, str]] | None = None
    for issued in tokens:
        fitting = set(_readings(issued))
        readings = fitting if readings is None else readings & fitting
    return bool(readings)


def _readings(issued: IssuedToken) -> Iterator[tuple[str, int, str]]:
    """The ways to read one of the numbers as a count: its name, what it begins with, and what it counts."""
    numbers = numbers_in(issued.token)
    pages = issued.pages
    counts = {"pages": pages, "rows": issued.rows, "full pages": pages * issued.longest}
    for name, number in numbers.items():
        sizes = {other: pages * size for other, size in numbers.items() if other != name}
        for unit, count in {**counts, **sizes}.items():
            if number - count in (-1, 0, 1):
                yield name, number - count, unit


def numbers_in(token: str) -> dict[str, int]:
    """The whole numbers of a token, also of one in base64, by the name of their parameter or by the text before
    them."""
    numbers = {found[1] or token[: found.start()]: int(found[2]) for found in NUMBER.finditer(token)}
    for name, value in [("", token), *(piece.split("=", 1) for piece in re.split(r"[?&;#]", token) if "=" in piece)]:
        decoded = _decoded(unquote(value))
        for number in DECODED_NUMBER.finditer(decoded):
            numbers[f"{name}={DECODED_NUMBER.sub('#', decoded[: number.start()])}"] = int(number[1])
    return numbers


def _decoded(value: str) -> str:
    """The text that a value encodes in base64; empty where it does not encode printable text."""
    if not BASE64.fullmatch(value):
        return ""
    digits = value.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        text = urlsafe_b64decode(digits + "=" * (-len(digits) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() else ""

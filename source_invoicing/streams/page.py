"""What a walk asks a list for, and what it gets: the words all platforms share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from source_invoicing.streams.moments import real

Row = dict[str, Any]
LARGEST = 2**63


def is_identity(value: Any) -> bool:
    """Whether a value can tell a row from others: text that is not blank, or a whole number."""
    if value.__class__ is int:
        return -LARGEST <= value < LARGEST
    return value.__class__ is str and bool(value)


class Order(Enum):
    """How a list is sorted."""

    #: By modification time, the row that was changed longest ago first.
    OLDEST_CHANGE_FIRST = "oldest change first"
    #: By modification time, the row that was changed last first.
    NEWEST_CHANGE_FIRST = "newest change first"
    #: By creation, the newest row first, so that inserts push rows to pages still to come.
    NEWEST_ROW_FIRST = "newest row first"
    #: By creation, the oldest row first, so that inserts land on pages still to come.
    OLDEST_ROW_FIRST = "oldest row first"


@dataclass(frozen=True)
class Question:
    """One request for rows of a list. The stream puts it into the API's own words.

    :param number: page, counted from 1
    :param offset: rows to skip, for lists that are walked by offset
    :param since: only rows changed at or after this moment (seconds since 1970, UTC)
    :param token: what an earlier page handed out to ask for the one behind it; ``None`` for the first page
    :param order: ``None`` is the order in which the list comes by itself
    :param size: rows on a page; ``None`` is as many as the API allows
    """

    number: int = 1
    offset: int = 0
    since: int | None = None
    token: str | None = None
    order: Order | None = None
    size: int | None = None


@dataclass(frozen=True)
class Page:
    """The answer to a question.

    :param rows: as the API sent them
    :param has_more: whether further rows answer the same question; ``None`` where the API does not tell
    :param total: how many rows answer the question in all, where the API tells
    :param short: whether it holds fewer rows than were asked for
    :param next: what to ask for the page behind this one with, where the API hands that out; ``None`` at the end
    :param told_at: the server's clock when it answered (seconds since 1970, UTC), where the API tells
    :param size: how many rows a page of this answer holds at most, where the API tells
    """

    rows: list[Row]
    has_more: bool | None = None
    total: int | None = None
    short: bool = False
    next: str | None = None
    told_at: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class Place:
    """How far a walk came, for a later run to go on from there: a row, and what else it takes to find its like.

    Moments are seconds since 1970 (UTC).

    :param offset: rows before the row
    :param row: the key of the row that was handed out last
    :param filtered: whether the API was asked to leave out rows
    :param since: the moment that rows were chosen by, by the API or here
    :param began: when the walk began, by the server's clock
    :param newest: the newest modification time seen so far
    """

    offset: int
    row: str | int
    filtered: bool
    since: int | None
    began: int
    newest: int | None

    @classmethod
    def restore(cls, stored: Any) -> Place | None:
        """A place from its fields, as they were stored; ``None`` when they are none of ours."""
        number, moment = (int,), (int, type(None))
        forms: dict[str, tuple[type, ...]] = {
            **{"offset": number, "row": (str, int), "filtered": (bool,)},
            **{"since": moment, "began": number, "newest": moment},
        }
        if not isinstance(stored, Mapping) or stored.keys() != forms.keys():
            return None
        if not all(type(stored[name]) in types for name, types in forms.items()):
            return None
        times = [stored[name] for name in ("since", "began", "newest") if stored[name] is not None]
        if any(real(time) is None for time in times) or not 0 <= stored["offset"] < LARGEST:
            return None
        return cls(**stored) if is_identity(stored["row"]) else None


class Listing(Protocol):
    """A list of rows behind an API, as a walk sees it."""

    @property
    def label(self) -> str:
        """The list's path, for messages."""

    def ask(self, question: Question) -> Page:
        """Fetch one page."""

    def key(self, row: Row) -> Hashable:
        """What identifies a row."""

    def moment(self, row: Row) -> int | None:
        """When the row was last changed (seconds since 1970, UTC), or ``None``."""

    def serial(self, row: Row) -> int | None:
        """A number that grows with each row created, or ``None``."""

"""What a walk asks a list for, and what it gets: the words all platforms share."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

Row = dict[str, Any]


class Order(Enum):
    """Direction of a list sorted by modification time."""

    OLDEST_FIRST = "ASC"
    NEWEST_FIRST = "DESC"


@dataclass(frozen=True)
class Question:
    """One request for rows of a list. The stream puts it into the API's own words.

    :param number: page, counted from 1
    :param offset: rows to skip, for lists that are walked by offset
    :param since: only rows changed at or after this moment (seconds since 1970, UTC)
    :param order: by modification time; ``None`` is the list's most stable order
    """

    number: int = 1
    offset: int = 0
    since: int | None = None
    order: Order | None = None


@dataclass(frozen=True)
class Page:
    """The answer to a question.

    :param rows: as the API sent them
    :param has_more: whether further rows answer the same question; ``None`` where the API does not tell
    :param total: how many rows answer the question in all, where the API tells
    :param told_at: the server's clock when it answered (seconds since 1970, UTC), where the API tells
    """

    rows: list[Row]
    has_more: bool | None = None
    total: int | None = None
    told_at: int | None = None


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

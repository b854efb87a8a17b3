"""How far a reading of a list got, as the state keeps it for a later run to continue from."""

from __future__ import annotations

import json
import marshal
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from zlib import crc32

from source_invoicing.streams.page import LARGEST, Row, is_identity
from source_invoicing.streams.timestamps import real

# How many: name, modification time and contents of a row, and its rank if the list is sorted by it.
FIELDS_OF_A_FINGERPRINT = (3, 4)
# The members of a stored checkpoint: since version 0.1.0, and those added later.
MEMBERS = frozenset({"offset", "row", "filtered", "since", "began", "newest"})
LATER_MEMBERS = frozenset({"tail", "head", "missing"})


@dataclass(frozen=True)
class RowFingerprint:
    """How a row looked when it was read, to recognise it later.

    :param name: the row's key, as :func:`name_of` writes it
    :param timestamp: its modification time (seconds since 1970, UTC), if it has one
    :param content: a checksum of its contents; ``None`` where none was kept, as in states of version 0.1.0
    :param rank: a number that grows with each row created; ``None`` where the list is not sorted by it, and in the
        states of earlier versions
    """

    name: str | int
    timestamp: int | None = None
    content: int | None = None
    rank: int | None = None

    @classmethod
    def restore(cls, stored: Any) -> RowFingerprint | None:
        """A fingerprint from its stored form; ``None`` if malformed."""
        if not isinstance(stored, (list, tuple)) or len(stored) not in FIELDS_OF_A_FINGERPRINT:
            return None
        name, timestamp, *numbers = stored
        if not is_identity(name) or not _is_timestamp(timestamp):
            return None
        if any(number is not None and type(number) is not int for number in numbers):
            return None
        return cls(*stored)

    def stored(self) -> list[str | int | None]:
        """The fingerprint as JSON."""
        rank = [] if self.rank is None else [self.rank]
        return [self.name, self.timestamp, self.content, *rank]


@dataclass(frozen=True)
class Checkpoint:
    """How far a reading got: its last few rows, and the facts needed to find their place again.

    Timestamps are seconds since 1970 (UTC).

    :param offset: rows before the row that was handed out last
    :param filtered: whether the API was asked only for rows changed at or after ``since``
    :param since: only rows changed at or after this time were selected, by the API or by this connector
    :param cursor_limit: the latest time that the cursor may have: when the reading began, by both clocks, less a margin
    :param newest: the newest modification time seen so far
    :param tail: the rows that were handed out last, in order
    :param head: the first row of the list
    :param missing: how many rows were put in front of those handed out, and have not been seen yet
    """

    offset: int
    filtered: bool
    since: int | None
    cursor_limit: int
    newest: int | None
    tail: tuple[RowFingerprint, ...]
    head: RowFingerprint | None = None
    missing: int = 0

    @classmethod
    def restore(cls, stored: Any) -> Checkpoint | None:
        """A checkpoint from its stored form; ``None`` if malformed. Version 0.1.0 kept only the key of the last row."""
        if not isinstance(stored, Mapping) or not MEMBERS <= stored.keys() <= MEMBERS | LATER_MEMBERS:
            return None
        if not is_identity(stored["row"]) or type(stored["filtered"]) is not bool or stored["began"] is None:
            return None
        if not all(_is_timestamp(stored[name]) for name in ("since", "began", "newest")):
            return None
        missing = stored.get("missing", 0)
        if not all(type(count) is int and 0 <= count < LARGEST for count in (stored["offset"], missing)):
            return None
        tail = stored.get("tail", [[stored["row"], None, None]])
        rows = [RowFingerprint.restore(row) for row in tail] if isinstance(tail, (list, tuple)) and tail else [None]
        head = None if stored.get("head") is None else RowFingerprint.restore(stored["head"])
        if None in rows or (head is None and stored.get("head") is not None):
            return None
        values = {name: stored[name] for name in ("offset", "filtered", "since", "newest")}
        tail = tuple(filter(None, rows))
        return cls(**values, cursor_limit=stored["began"], tail=tail, head=head, missing=missing)

    def stored(self) -> dict[str, Any]:
        """The checkpoint as JSON. ``row`` is the key of the row handed out last, for people who read the state."""
        return {
            "offset": self.offset,
            "row": self.tail[-1].name,
            "filtered": self.filtered,
            "since": self.since,
            "began": self.cursor_limit,
            "newest": self.newest,
            "tail": [row.stored() for row in self.tail],
            "head": self.head and self.head.stored(),
            "missing": self.missing,
        }


def checksum(row: Row) -> int:
    """A checksum of a row's contents, to recognise that it has changed."""
    # marshal handles any depth that a response may have. In version 2, equal values give the same bytes.
    return crc32(marshal.dumps(row, 2))


def content_hash(row: Row) -> int:
    """A 64-bit hash of a row's contents, for sets of rows: in a long list, some would share a checksum of 32 bits."""
    return hash(marshal.dumps(row, 2))


def name_of(key: Hashable) -> str | int:
    """The name of a row in a state: its key, if that is a single value; otherwise a text that stands for it."""
    if isinstance(key, tuple):
        return name_of(key[0]) if len(key) == 1 else json.dumps(key, default=str)
    if isinstance(key, bytes):  # the whole row, where nothing else identifies it
        return blake2b(key, digest_size=16).hexdigest()
    return key if isinstance(key, int) else str(key)


def _is_timestamp(value: Any) -> bool:
    return value is None or (type(value) is int and real(value) is not None)

"""What a vendor's API has to implement to be played by the sandbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.options import COMMON_OPTIONS, Option, Options
from integration_tests.sandbox.table import Key, Row, Table

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class ApiRequest:
    """A request as it came over the wire. ``path`` is still percent-encoded, ``origin`` is the server as it was named
    by the client, such as ``http://127.0.0.1:8080``.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    origin: str
    body: bytes = b""

    def parameter(self, name: str) -> str | None:
        """A query parameter; of several with one name the last counts."""
        return next((value for key, value in reversed(self.query) if key == name), None)


@dataclass(frozen=True)
class Reply:
    """A complete answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON


@dataclass(frozen=True)
class Page:
    """One page of a list, before it is put into the platform's form.

    ``number`` counts from 1, ``size`` is the greatest number of rows a page may hold, ``total`` counts the rows of all
    pages. ``reported_total`` is what the answer states instead of ``total``, for a server that counts wrongly.
    """

    rows: list[bytes]
    total: int
    number: int
    size: int
    reported_total: int | None = None

    @property
    def last(self) -> int:
        """The number of the last page; an empty list has one."""
        return max(-(-self.total // self.size), 1)


@dataclass(frozen=True)
class Change:
    """A mutation that has been carried out, with the row before and after it; after a merger, the one that is left."""

    op: Literal["insert", "edit", "delete", "merge"]
    stream: str
    key: Key
    before: Row | None
    after: Row | None
    parent: Key | None = None


@dataclass(frozen=True)
class Part:
    """What stands inside the rows of a stream, and is a stream of its own to whoever reads them.

    :param stream: the stream whose rows hold it
    :param member: the member that does; several are separated by blanks, and ``items.taxes`` stand in each of the
        ``items``
    :param document: the name of the document's key in a part
    :param cursor: the document's time of change, which a part carries as well; empty where it has none
    :param element: the name that the id of the element around it has in a part; empty where it has none
    """

    stream: str
    member: str
    document: str
    cursor: str = ""
    element: str = ""


class Platform(ABC):
    """A vendor's API: its data and its behaviour on the wire. All calls come one at a time."""

    name: ClassVar[str]
    own_options: ClassVar[tuple[Option, ...]] = ()
    default_rows: ClassVar[Mapping[str, int]]
    """Every stream, with its number of rows at scale 1."""
    parts: Mapping[str, Part] = {}
    """What stands inside the rows of streams, by the name it has as a stream."""
    time_columns: ClassVar[tuple[str, ...]] = ("updated_at",)
    """Columns from which the highest time so far is taken; unix seconds."""

    tables: Mapping[str, Table]

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        self.seed = seed
        self.counts = counts
        self.options = options

    @classmethod
    def all_options(cls) -> tuple[Option, ...]:
        """The platform's own options and the common ones."""
        return (*cls.own_options, *COMMON_OPTIONS)

    def table(self, stream: str) -> Table:
        """The rows of a stream."""
        if stream not in self.tables:
            raise SandboxError(f"Unknown stream {stream!r}; known: {', '.join(self.tables)}.")
        return self.tables[stream]

    def latest(self) -> int:
        """The highest time in the data, unix seconds."""
        columns = [table.column(name) for table in self.tables.values() for name in self.time_columns]
        return max((time for column in columns for time in column.values() if isinstance(time, int)), default=0)

    @abstractmethod
    def config(self, base_url: str) -> Row:
        """A connector configuration that reads this server."""

    # Answering

    @abstractmethod
    def stream_of(self, request: ApiRequest) -> str | None:
        """The stream whose list, or single row, is asked for."""

    @abstractmethod
    def page_of(self, request: ApiRequest) -> int | None:
        """The page asked for, counted from 1; None where the request names no valid one."""

    @abstractmethod
    def answer(self, request: ApiRequest) -> Reply | Page:
        """The right answer. A list comes back as a page, so that faults can be worked into it."""

    @abstractmethod
    def first_page(self, request: ApiRequest) -> Page | None:
        """Page 1 of the list that is asked for, without any effect on what may be asked next."""

    @abstractmethod
    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """A page in the platform's form."""

    @abstractmethod
    def error(self, status: int, message: str = "") -> Reply:
        """A refusal in the platform's form. Without a message, the one the vendor has for that status."""

    def expire_tokens(self) -> None:  # noqa: B027 - most platforms have none
        """End the access tokens given out so far; without effect where there are none."""

    # Data

    def truth(self, stream: str) -> list[bytes]:
        """The rows a complete read of the stream must give now."""
        table = self.table(stream)
        return [table.body(key) for key in table]

    def parts_of(self, name: str) -> list[Row]:
        """All parts of a kind, each with its document's key and time of change and its position, counted from 1."""
        part = self.parts[name]
        (key,) = self.table(part.stream).key_fields
        rows: list[Row] = []
        for document in (orjson.loads(body) for body in self.truth(part.stream)):
            found = [each for member in part.member.split() for each in _inside(document, member)]
            for position, (row, element) in enumerate(found, start=1):
                stamps = {part.document: document[key], "position": position}
                stamps |= {part.cursor: document[part.cursor]} if part.cursor else {}
                stamps |= {part.element: element} if part.element else {}
                rows.append({f"row_{name}" if name in stamps else name: value for name, value in row.items()} | stamps)
        return rows

    @abstractmethod
    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row to insert, with an unused key and ``values`` set, and the parent it goes under."""

    @abstractmethod
    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """The row after an edit; without values some field changes."""

    def lacks_parent(self, stream: str) -> bool:
        """Whether rows of the stream need a parent and there is none."""
        return False

    def dependants(self, stream: str, key: Key) -> list[tuple[str, Key]]:
        """Rows that vanish along with this one."""
        return []

    def kept_when_deleted(self, stream: str, row: Row, now: int) -> Row | None:
        """What a deletion leaves of a row; None where it is gone."""
        return None

    def merge(self, key: Key, into: Key, now: int) -> None:
        """Hand over what belongs to a row that another one absorbs."""
        raise SandboxError("There is nothing to merge.")

    def consequences(self, change: Change, now: int) -> list[tuple[str, Row]]:
        """Rows that a mutation adds to other streams, such as to an event log."""
        return []


def _inside(row: Row, member: str) -> list[tuple[Row, Any]]:
    """The objects that a member holds, each with the id of the one it stands in, if that is not the document."""
    outer, _, inner = member.partition(".")
    held = row.get(outer) or []
    elements = held if isinstance(held, list) else [held]
    if not inner:
        return [(element, None) for element in elements]
    return [(part, element["id"]) for element in elements for part, _ in _inside(element, inner)]

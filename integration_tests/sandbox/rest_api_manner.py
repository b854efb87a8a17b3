"""The manner of an API: everything in which one list over HTTP differs from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from integration_tests.sandbox.platform import ApiRequest, Page
from integration_tests.sandbox.rest_api_auth import Auth
from integration_tests.sandbox.rest_api_paging import Extras, Pager
from integration_tests.sandbox.table import BY_KEY, Bounds, Row, Sort, Where

RATE_HEADERS: Mapping[str, str] = {"X-Rate-Limit-Remaining": "left", "X-Rate-Limit-Reset": "reset"}


def plain_id(key: int) -> Any:
    """The id as it is kept."""
    return key


def number_in(text: str) -> int:
    """The number that an id ends in; 0 without one."""
    digits = text.lstrip("abcdefghijklmnopqrstuvwxyz_-")
    return int(digits) if digits.isdecimal() else 0


def as_it_is(request: ApiRequest) -> ApiRequest:
    """An API that is asked by paths and parameters."""
    return request


def no_choice(request: ApiRequest) -> tuple[Where, ...]:
    """An API that lists all there is."""
    return ()


def no_bounds(request: ApiRequest) -> tuple[Bounds, ...]:
    """An API without filters."""
    return ()


@dataclass(frozen=True)
class AskedFor:
    """Where parts are asked for that the rows of a list do not hold.

    ``address`` has ``{id}`` in the place of the document's, or ends in ``?`` and the parameter that takes it.
    ``holder`` is where the answer has the row with its parts; blank where it holds nothing but the parts. ``total`` is
    where it counts them, as text.
    """

    address: str
    holder: str = ""
    total: str = ""


@dataclass(frozen=True)
class Manner:
    """How an API wants to be asked and how it answers.

    ``paths`` gives the path of every stream that it has, with ``{id}`` for a parent; ``base_path`` is what of it
    belongs to ``base_url``. ``dress`` turns a row as kept into a row as sent, ``id_of`` its key into the id as sent,
    ``key_of`` an id that a request names back into the key. ``refusal`` makes the body of an error from status and
    message. ``primary_key`` is a dotted path; ``stream_config`` are further entries of every stream of the
    configuration, ``platform_config`` of the platform.
    """

    auth: Auth
    pager: Pager
    paths: Mapping[str, str]
    dress: Callable[[str, Row], Row]
    refusal: Callable[[int, str], Any]
    record_path: str = "data"
    primary_key: str = "id"
    id_of: Callable[[int], Any] = plain_id
    key_of: Callable[[str], int] = number_in
    sort: Sort = BY_KEY
    bounds: Callable[[ApiRequest], tuple[Bounds, ...]] = no_bounds
    single_object: bool = False
    empty: str = "list"
    beside: Row = field(default_factory=dict)
    """Values of every body, by dotted path."""
    base_path: str = ""
    wants: Mapping[str, str] = field(default_factory=dict)
    """Headers without which the answer is XML."""
    refusal_status: int = 401
    rate: tuple[int, int] = (0, 60)
    """Calls and seconds."""
    rate_headers: Mapping[str, str] = field(default_factory=lambda: RATE_HEADERS)
    """What every answer tells about it: ``calls``, ``left`` or ``reset``, the unix second when the window ends."""
    retry_after: bool = False
    """Whether 429 tells the seconds to wait in a header."""
    retry_at: bool = False
    """Whether they are those since 1970."""
    platform_config: Row = field(default_factory=dict)
    stream_config: Row = field(default_factory=dict)
    params: tuple[tuple[str, str], ...] = ()
    """Fixed query parameters of the configuration."""
    method: str = "GET"
    lists: Mapping[str, Row] = field(default_factory=dict)
    """What is otherwise in single streams, by the names of the fields here."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """The stream under whose rows a stream lives."""
    parent_field: str = "customer_id"
    """The field of such rows that the connector adds."""
    parent_param: str = ""
    """The parameter that names the parent, where the path does not."""
    read: Callable[[ApiRequest], ApiRequest] = as_it_is
    """Turns a request into one with a path and parameters, where the API is asked in a way of its own."""
    demands: Mapping[str, str] = field(default_factory=dict)
    """Headers without which a request is refused, and what they have to hold."""
    needs: tuple[str, ...] = ()
    """Parameters without which a list is refused."""
    where: Callable[[ApiRequest], tuple[Where, ...]] = no_choice
    """Which rows a request is about, as its parameters say."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Where a single row is, of lists that hold nothing but keys and times."""
    parts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Streams of what stands inside rows: the stream, and where its rows hold it."""
    asked_for: Mapping[str, AskedFor] = field(default_factory=dict)
    """Those of the parts that stand in an answer of their own."""
    key_beside: str = ""
    """The field that stands before the primary key in it, where that takes two."""
    parent_id: Callable[[int], Any] | None = None
    """What parents are named by, where that is not their id."""

    def of(self, stream: str) -> Manner:
        """The manner of one list."""
        return replace(self, **self.lists[stream]) if stream in self.lists else self

    def body(self, page: Page, extras: Extras) -> bytes:
        """A page in its envelope."""
        path, star, kind = self.record_path.partition("*.")
        rows: Any = [orjson.Fragment(row) for row in page.rows]
        if star:
            rows = [{kind: row} for row in rows]
        if self.single_object and len(rows) == 1:
            rows = rows[0]
        if not page.rows and self.empty == "null":
            rows = None
        path = path.removesuffix(".")
        if not path:
            return orjson.dumps(rows)
        body: Row = {}
        if page.rows or self.empty != "absent":
            put(body, path, rows)
        elif "." in path:
            put(body, path.rpartition(".")[0], {})
        for path, value in (self.beside | extras.body).items():
            put(body, path, value)
        return orjson.dumps(body)


def at(row: Any, path: str) -> Any:
    """The value at a dotted path; ``None`` where there is none."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def put(body: Row, path: str, value: Any) -> None:
    """Set a value at a dotted path."""
    *outer, name = path.split(".")
    for part in outer:
        body = body.setdefault(part, {})
    body[name] = value

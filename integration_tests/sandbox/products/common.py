"""What the descriptions of products are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.rest_api_manner import plain_id, put
from integration_tests.sandbox.rest_api_rows import iso
from integration_tests.sandbox.table import Bounds, Row, Sort, Where

NEWEST_FIRST: Sort = (("id", True),)
DAY = 86_400
Dress = Callable[[str, Row], Row]
Filter = Callable[[ApiRequest], tuple[Bounds, ...]]
Choice = Callable[[ApiRequest], tuple[Where, ...]]


def paths(base: str, names: str, ending: str = "", **others: str) -> dict[str, str]:
    """The paths of lists that are called like their streams, and of others."""
    return {
        **{name: f"{base}/{name}{ending}" for name in names.split()},
        **{name: base + path for name, path in others.items()},
    }


def prefixed(prefix: str, digits: int = 0) -> Callable[[int], str]:
    """Ids of letters and a number."""
    return lambda key: f"{prefix}{key:0{digits}d}"


def uuid_like(key: int) -> str:
    """An id of the usual length that ends in its number."""
    return f"1a901a90-1a90-4a90-9a90-{key:012x}"


def uuid_key(text: str) -> int:
    """The number in such an id; 0 in any other text."""
    digits = text.rpartition("-")[2]
    return int(digits, 16) if len(digits) == 12 and set(digits) <= set("0123456789abcdef") else 0


def unix(moment: int) -> int:
    """As it is kept."""
    return moment


def offset(moment: int) -> str:
    """ISO 8601 with the offset of Berlin in winter."""
    return iso(moment + 3600).replace("Z", "+01:00")


def dressed(
    id_of: Callable[[int], Any] = plain_id,
    *,
    key: str = "id",
    changed: str = "updated_at",
    written: Callable[[int], Any] = iso,
) -> Dress:
    """Rows with another id, and another time of change or, with a blank name, none. Names are dotted paths."""

    def dress(stream: str, row: Row) -> Row:
        sent: Row = {}
        put(sent, key, id_of(row["id"]))
        sent |= {name: value for name, value in row.items() if name not in ("id", "updated_at")}
        if changed and row["updated_at"] is not None:
            put(sent, changed, written(row["updated_at"]))
        return sent

    return dress


def seconds(text: str | None) -> int | None:
    """A unix time or an ISO 8601 text; what is neither, counts as nothing."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())


def since(name: str, *, exclusive: bool = False) -> Filter:
    """A parameter that selects rows changed at or after a time, or after it."""

    def bounds(request: ApiRequest) -> tuple[Bounds, ...]:
        moment = seconds(request.parameter(name))
        return () if moment is None else (Bounds("updated_at", moment + exclusive),)

    return bounds


def between(first: str, last: str) -> Filter:
    """Two parameters that select rows changed on days from one to another."""

    def bounds(request: ApiRequest) -> tuple[Bounds, ...]:
        low, high = seconds(request.parameter(first)), seconds(request.parameter(last))
        return (Bounds("updated_at", low, None if high is None else high + DAY - 1),)

    return bounds


def hidden_unless(name: str, text: str) -> Choice:
    """Every fifth row, archived or the like, is listed only where a parameter asks for it."""
    hidden = Where("id", "hidden", lambda key: key % 5 != 0)
    return lambda request: () if text in (request.parameter(name) or "") else (hidden,)


def some_of(name: str, values: tuple[str, ...], all_of_them: str = "") -> Choice:
    """Each row has one of several states, of which a parameter names some; without it, the first is meant."""

    def where(request: ApiRequest) -> tuple[Where, ...]:
        named = tuple(value for key, value in request.query if key == name) or values[:1]
        if all_of_them in named:
            return ()
        # Most rows have the first state, and each fifth one of the others.
        wanted = {values.index(value) for value in named if value in values}
        return (Where("id", named, lambda key: (key % 5 if key % 5 < len(values) else 0) in wanted),)

    return where


def with_parameters(request: ApiRequest, **parameters: str | None) -> ApiRequest:
    """The request with further query parameters."""
    more = tuple((name, value) for name, value in parameters.items() if value is not None)
    return replace(request, query=(*request.query, *more))

"""Dotted paths into JSON: ``meta.pagination.total``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_invoicing import http


class Missing:
    """What stands at a path that leads nowhere, as opposed to null."""

    def __bool__(self) -> bool:
        return False


MISSING = Missing()


def dig(value: Any, path: str) -> Any:
    """What stands at a path. An empty path is the value itself; numbers step into lists.

    The last name may hold dots itself (``@odata.nextLink``).

    :return: ``None`` also below a null, :data:`MISSING` where the path leads nowhere
    """
    while path:
        if value is None:
            return None
        if isinstance(value, Mapping) and path in value:
            return value[path]
        step, _, path = path.partition(".")
        if isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and (index := whole_number(step)) is not None and index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def holds(value: Any, path: str) -> bool:
    """Whether something stands at a path, or names begin with it and a dot, as those that hold dots themselves do."""
    around, _, name = path.rpartition(".")
    inner = dig(value, around)
    names = inner if isinstance(inner, Mapping) else ()
    return dig(value, path) is not MISSING or any(str(other).startswith(f"{name}.") for other in names)


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path, making the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        inner = target.get(step)
        if not isinstance(inner, dict):
            inner = target[step] = {}
        target = inner
    target[last] = value


def whole_number(value: Any) -> int | None:
    """A count, which may be written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return http.whole_number(value.strip()) if isinstance(value, str) else None


def describe(value: Any) -> str:
    """What a value is, for messages, without what it holds."""
    if isinstance(value, dict):
        names = sorted(map(str, value))
        return f"an object with the keys {', '.join(names[:10]) or '(none)'}"
    known = {list: "a list", str: "a text", bool: "true or false", type(None): "null", Missing: "nothing"}
    return known.get(type(value), "a number")

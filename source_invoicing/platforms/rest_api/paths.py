"""Dotted paths into JSON: ``meta.pagination.total``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from source_invoicing import http
from source_invoicing.config import Fields

# "data[0]" and "data[*]" of JSONPath.
SUBSCRIPT = re.compile(r"\[[^\]]*\]$")


class Missing:
    """What a path that leads nowhere finds, as opposed to null."""

    def __bool__(self) -> bool:
        return False


MISSING = Missing()


def dig(value: Any, path: str) -> Any:
    """The value at a path. An empty path is the value itself; numbers step into lists.

    The last name may itself contain dots (``@odata.nextLink``).

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
        elif isinstance(value, list) and (index := http.whole_number(step)) is not None and index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def holds(value: Any, path: str) -> bool:
    """Whether there is a value at a path, or there are names that begin with it and a dot."""
    around, _, name = path.rpartition(".")
    inner = dig(value, around)
    names = inner if isinstance(inner, Mapping) else ()
    return dig(value, path) is not MISSING or any(str(other).startswith(f"{name}.") for other in names)


def set_path(target: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path, creating the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        inner = target.get(step)
        if not isinstance(inner, dict):
            inner = target[step] = {}
        target = inner
    target[last] = value


def describe(value: Any) -> str:
    """The kind of a value that :func:`dig` found, for messages, without its content."""
    return "nothing" if isinstance(value, Missing) else http.describe(value)


def parse_path(fields: Fields, name: str, default: str = "") -> str:
    """A path that the configuration may leave out.

    :raises Failure: when it is not a path
    """
    path = fields.optional_text(name, default)
    check_path(fields, name, path)
    return path


def check_path(fields: Fields, name: str, path: str) -> None:
    """
    :param name: of the property that holds the path
    :raises Failure: when it is not a path
    """
    steps = path.split(".") if path else []
    if not all(step.strip() for step in steps):
        raise fields.complaint(name, f"should be names joined by single dots, found {path!r}")
    if path == "$" or path.startswith("$.") or any(map(SUBSCRIPT.search, steps)):
        raise fields.complaint(
            name, f"should be names joined by dots, such as data.items or data.0, and not JSONPath, found {path!r}"
        )

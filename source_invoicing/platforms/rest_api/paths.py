"""Dotted paths into JSON: ``meta.pagination.total``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from source_invoicing.config import Fields
from source_invoicing.http import describe as describe_json
from source_invoicing.http import whole_number

#: Steps into each element of a list, or each value of an object.
EACH = "*"
#: The body itself: Airbyte's form does not keep an empty text.
WHOLE_BODY = "."
EACH_STEP = re.compile(r"(?:^|(?<=\.))\*(?:\.|$)")
# "data[0]" and "data[*]" of JSONPath.
SUBSCRIPT = re.compile(r"\[[^\]]*\]$")


class Missing:
    """What a path that leads nowhere finds, as distinct from null."""

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
        elif isinstance(value, list) and (index := whole_number(step)) is not None and index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def branches(value: Any, path: str) -> list[tuple[str | None, Any]] | Missing:
    """What a path finds that may step into each element of a list, or each value of an object.

    :return: everything found, as one flat list of pairs, with the key in the innermost object that was stepped into.
        Nulls and elements without the rest of the path are skipped; if all lack it, the path leads nowhere
    """
    # The paths between the asterisks.
    first, *others = (part.rstrip(".") for part in EACH_STEP.split(path))
    start = dig(value, first)
    if isinstance(start, Missing):
        return start
    found: list[tuple[str | None, Any]] = [(None, start)]
    for part in others:
        elements = [element for key, each in found for element in _elements(key, each)]
        found = [(key, dig(element, part)) for key, element in elements]
        if found and all(each is MISSING for _, each in found):
            return MISSING
    return [pair for pair in found if pair[1] is not None and pair[1] is not MISSING]


def dig_any(value: Any, path: str) -> Any:
    """As :func:`dig`, for a path that may step into each element: then a list of the values that are not blank."""
    if EACH not in path.split("."):
        return dig(value, path)
    found = branches(value, path)
    return found if isinstance(found, Missing) else [each for _, each in found if each]


def _elements(key: str | None, value: Any) -> list[tuple[str | None, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    return [(key, element) for element in value] if isinstance(value, list) else []


def holds(value: Any, path: str) -> bool:
    """Whether there is a value at a path, or a name that begins with the path and a dot."""
    around, _, name = path.rpartition(".")
    inner = dig(value, around)
    names = inner if isinstance(inner, Mapping) else ()
    return dig(value, path) is not MISSING or any(str(other).startswith(f"{name}.") for other in names)


def lists_in(value: Any, levels: int = 4) -> list[str]:
    """The paths of lists of objects, for messages, without lists inside their elements."""
    if isinstance(value, list):
        return [""] if value and isinstance(value[0], Mapping) else []
    found = value.items() if isinstance(value, Mapping) and levels else ()
    return [f"{name}.{path}".rstrip(".") for name, member in found for path in lists_in(member, levels - 1)]


def set_path(target: Any, path: str, value: Any) -> Any:
    """Set the value that :func:`dig` finds at a path, creating the objects on the way.

    :return: the target; where it can hold no such path, an object in its place
    """
    if not path:
        return value
    step, _, rest = (path, "", "") if isinstance(target, Mapping) and path in target else path.partition(".")
    index = whole_number(step) if isinstance(target, list) else None
    if index is not None and index < len(target):
        target[index] = set_path(target[index], rest, value)
        return target
    changed = target if isinstance(target, dict) else {}
    changed[step] = set_path(changed.get(step), rest, value)
    return changed


def describe(value: Any) -> str:
    """The type of a value that :func:`dig` found, for messages, without its content."""
    return "nothing" if isinstance(value, Missing) else describe_json(value)


def parse_path(fields: Fields, name: str, default: str = "", *, may_branch: bool = False) -> str:
    """A path that the configuration may leave out."""
    path = fields.text_or(name, default)
    check_path(fields, name, path, may_branch=may_branch)
    return path


def parse_record_path(fields: Fields, default: str = "", *, may_branch: bool = False) -> str:
    """Where an answer holds its records; empty if the answer is the list, or the record, itself."""
    path = fields.optional_text("record_path", default).removeprefix(WHOLE_BODY)
    check_path(fields, "record_path", path, may_branch=may_branch)
    return path


def check_path(fields: Fields, name: str, path: str, *, may_branch: bool = False) -> None:
    """Check that a text is a path.

    :param name: of the property that holds the path
    :param may_branch: whether it may step into each element
    """
    steps = path.split(".") if path else []
    if EACH in steps and not may_branch:
        raise fields.complaint(name, f"should lead to one value, and {EACH} steps into each, found {path!r}")
    if not all(step.strip() for step in steps):
        raise fields.complaint(name, f"should be names joined by single dots, found {path!r}")
    if path == "$" or path.startswith("$.") or any(map(SUBSCRIPT.search, steps)):
        raise fields.complaint(
            name, f"should be names joined by dots, such as data.items or data.0, and not JSONPath, found {path!r}"
        )

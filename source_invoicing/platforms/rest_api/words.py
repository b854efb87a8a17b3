"""What an API says in its own words when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from source_invoicing.http import excerpt
from source_invoicing.platforms.rest_api.paths import MISSING, dig_any

#: Where APIs put their words, looked at in this order.
USUAL_PLACES = ("message", "error.message", "error_message", "error_description", "detail", "error", "errors", "code")
MOST_WORDS = 300


def error_text(body: Any, error_path: str = "") -> str | None:
    """The words of an error body.

    They are at ``error_path``, in one of the usual places, in one of those one level down, or in any text of the body
    or one level down.
    """
    if error_path and (words := words_in(_find(body, error_path))):
        return words
    layers = (usual_words(body), *map(usual_words, _members(body)), _texts([body]), _texts(_members(body)))
    return next((words for words in layers if words), None)


def usual_words(body: Any) -> str | None:
    """The words in the usual places of a body."""
    return next((words for place in USUAL_PLACES if (words := words_in(_find(body, place)))), None)


def words_in(value: Any) -> str | None:
    """The texts and whole numbers in a value, however deep, joined; ``None`` without any."""
    return excerpt("; ".join(_words(value)), MOST_WORDS) or None


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for member in _members(value):
            yield from _words(member)
    elif isinstance(value, (str, int)) and not isinstance(value, bool) and (words := excerpt(str(value), MOST_WORDS)):
        yield words


def _texts(values: list[Any]) -> str | None:
    """The texts among values and their members, but not deeper."""
    return words_in([text for value in values for text in (value, *_members(value)) if isinstance(text, str)])


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _find(value: Any, path: str) -> Any:
    """The value at a path, whose names may differ in case."""
    if (found := dig_any(value, path)) is not MISSING:
        return found
    for step in path.lower().split("."):
        if not isinstance(value, Mapping):
            return MISSING
        value = next((member for name, member in value.items() if str(name).lower() == step), MISSING)
    return value

"""What an API says in its own words when something is wrong."""

from __future__ import annotations

from typing import Any

from source_invoicing.http.secrets import excerpt
from source_invoicing.platforms.rest_api.paths import dig

#: Where APIs put their words, looked at in this order.
USUAL_PLACES = ("message", "error.message", "error_message", "error_description", "detail", "error", "errors", "code")
MOST_WORDS = 300


def error_text(body: Any) -> str | None:
    """The words of an error body, if they are in one of the usual places."""
    return next((words for place in USUAL_PLACES if (words := words_in(dig(body, place)))), None)


def words_in(value: Any) -> str | None:
    """The texts and whole numbers in a value, however deep, joined; ``None`` without any."""
    if isinstance(value, dict):
        inner = [words for member in value.values() if (words := words_in(member))]
    elif isinstance(value, list):
        inner = [words for member in value if (words := words_in(member))]
    else:
        inner = [value] if isinstance(value, str) else [str(value)] if isinstance(value, int) else []
    return excerpt("; ".join(inner), MOST_WORDS) or None

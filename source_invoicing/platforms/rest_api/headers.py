"""Headers that the configuration declares, and values whose name says that they are secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from source_invoicing.config import Fields
from source_invoicing.http import mask

Pairs = tuple[tuple[str, str], ...]

AUTHORIZATION = "Authorization"
# RFC 9110, section 5.6.2.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SOUNDS_SECRET = re.compile(r"key|token|secret|passw|auth|cookie|session|signature", re.IGNORECASE)
# Which column to sort by, or whose records to read.
NOT_SECRET = re.compile(r"(?:sort|order|group)(?:ed|ing)?[_-]?(?:by)?[_-]?key|keyword|author(?!i)", re.IGNORECASE)


def parse_headers(fields: Fields, taken: Mapping[str, str], *, secret: bool = False) -> Pairs:
    """Headers that the configuration declares, under ``headers`` or ``secret_headers``.

    :param fields: the object that holds them
    :param taken: who sets further headers already, by their name in lower case
    :param secret: whether to read those whose values are secret
    :raises Failure: for the first one that cannot be sent or comes twice
    """
    headers: list[tuple[str, str]] = []
    taken = dict(taken)
    for field in fields.objects("secret_headers" if secret else "headers"):
        name = field.text("name", why="It is the name of a header.")
        value = field.text("value", why=f"It is what the header {name} says.")
        if secret:
            mask(value)
        check_header_name(field, name)
        # Headers are sent in Latin-1.
        if not value.isprintable() or max(value) > "\xff":
            raise field.complaint("value", "holds a line break or another sign that no header can hold")
        if (other := taken.get(name.lower())) is not None:
            raise field.complaint("name", f"is {name}, which {other}; leave it out")
        taken[name.lower()] = "stands there already"
        mask_if_secret(name, value)
        headers.append((name, value))
    return tuple(headers)


def check_header_name(fields: Fields, name: str, option: str = "name") -> None:
    """
    :param option: the property that holds it
    :raises Failure: when it is not the name of a header
    """
    if not HEADER_NAME.fullmatch(name):
        raise fields.complaint(
            option, f"is no name of a header: {name!r}. It holds ASCII letters, digits and hyphens, and no colon"
        )


def mask_if_secret(name: str, value: str) -> None:
    """Keep a value out of all messages if its name says that it is secret.

    The CDK masks no secrets inside lists, even where the specification says that they are secret.
    """
    if SOUNDS_SECRET.search(NOT_SECRET.sub("", name)):
        mask(value)

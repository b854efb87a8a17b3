"""Keeping credentials out of everything that is printed.

The CDK masks the literal values of secret configuration fields in logs and traces. Derived forms (the base64 of
HTTP Basic, a percent-encoded key in a URL, a JSON-escaped one in a body) are different text, so they are masked here.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

# Masking shorter values would hide ordinary words and digits all over the log.
MIN_SECRET_LENGTH = 4

# Slashes may be escaped in JSON.
LINK = re.compile(r"""(https?:(?:\\?/){2}[^\s"'<>\\/?#]+)[^\s"'<>]*""", re.IGNORECASE)

# The hexadecimal code of a character that is percent-encoded, or escaped in JSON.
HEX_CODE = re.compile(r"(?<=%)[0-9a-f]{2}|(?<=\\u)[0-9a-f]{4}", re.IGNORECASE)


_lock = threading.Lock()
_masked: set[str] = set()


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_escaping(characters: str) -> Callable[[str], str]:
    """JSON as libraries write it that escape these characters, for use in a web page."""
    table = str.maketrans({character: f"\\u{ord(character):04X}" for character in characters})
    return lambda text: _json(text).translate(table)


#: The ways in which a text may be encoded inside another one.
ENCODINGS: tuple[Callable[[str], str], ...] = (
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    # Inside the query of an address that is itself in the query of another one.
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(quote_plus(text), safe=""),
    _json,
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: _json(text).replace("/", "\\/"),
    # Go, PHP with its JSON_HEX flags, .NET, Gson.
    *map(_json_escaping, ("&<>", "&<>'", "&<>'+", "&<>'=")),
    html.escape,
    lambda text: repr(text)[1:-1],
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
)


def mask(secret: str) -> None:
    """Replace ``secret`` by asterisks wherever it is printed, in any encoding."""
    if len(secret) < MIN_SECRET_LENGTH:
        return
    # A lone surrogate cannot be encoded. A configuration that holds one is refused, and quoted nowhere.
    secret = secret.encode("utf-8", errors="replace").decode()
    forms = {secret, *(encode(secret) for encode in ENCODINGS)}
    # Hexadecimal codes may be in either case.
    lower = {HEX_CODE.sub(lambda code: code[0].lower(), form) for form in forms}
    forms |= lower | {HEX_CODE.sub(lambda code: code[0].upper(), form) for form in forms}
    with _lock:
        _masked.update(forms)
        # Longest first: a secret that contains another one must not be masked only in part.
        update_secrets(sorted(_masked, key=lambda form: (-len(form), form)))


def mask_with_scheme(secret: str) -> None:
    """Mask a secret, and what is behind a word such as "Token" in it: an API may repeat that alone."""
    mask(secret)
    mask(secret.rpartition(" ")[2])


def forget_secrets() -> None:
    """Stop masking all secrets, before another configuration is read."""
    with _lock:
        _masked.clear()
        update_secrets([])


def without_links(text: str) -> str:
    """``text`` with each link reduced to its host: vendors send links that open documents without a password."""
    return LINK.sub(r"\1/...", text)


def excerpt(text: str, length: int) -> str:
    """The beginning of a vendor's text, safe to show. It is masked before it is cut: a part of a secret would not be
    recognised."""
    return without_links(filter_secrets(text))[:length]

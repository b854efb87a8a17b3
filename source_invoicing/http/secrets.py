"""Keeping credentials out of everything that is printed.

The CDK masks the literal values of secret configuration fields in logs and traces. Derived forms (the base64 of
HTTP Basic, a percent-encoded key in a URL, a JSON-escaped one in a body) are different text and have to be named too.
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

# Shorter values would mask ordinary words and digits all over the log without hiding anything worth hiding.
SHORTEST_SECRET = 4

# In JSON, slashes may be escaped.
LINK = re.compile(r"""(https?:(?:\\?/){2}[^\s"'<>\\/?#]+)[^\s"'<>]*""", re.IGNORECASE)

# The number of a sign that is percent-encoded, or escaped in JSON.
NUMBER = re.compile(r"(?<=%)[0-9a-f]{2}|(?<=\\u)[0-9a-f]{4}", re.IGNORECASE)


_lock = threading.Lock()
_masked: set[str] = set()


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_without(signs: str) -> Callable[[str], str]:
    """JSON as libraries write it that want no such sign in it, lest a web page take it for its own."""
    table = str.maketrans({sign: f"\\u{ord(sign):04X}" for sign in signs})
    return lambda text: _json(text).translate(table)


#: How text is written inside other text.
SPELLINGS: tuple[Callable[[str], str], ...] = (
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    # An address inside the query of an address.
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(quote_plus(text), safe=""),
    _json,
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: _json(text).replace("/", "\\/"),
    # Go, PHP when told to, .NET, Gson.
    *map(_json_without, ("&<>", "&<>'", "&<>'+", "&<>'=")),
    html.escape,
    lambda text: repr(text)[1:-1],
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
)


def mask(secret: str) -> None:
    """Have ``secret`` replaced by asterisks wherever it is printed, in each form it can take."""
    if len(secret) < SHORTEST_SECRET:
        return
    # Half a character has no spelling; the configuration that holds one is refused, and quoted nowhere.
    secret = secret.encode("utf-8", errors="replace").decode()
    forms = {secret, *(write(secret) for write in SPELLINGS)}
    # Numbers of signs come in either case.
    lower = {NUMBER.sub(lambda number: number[0].lower(), form) for form in forms}
    forms |= lower | {NUMBER.sub(lambda number: number[0].upper(), form) for form in forms}
    with _lock:
        _masked.update(forms)
        # The longest first, of all secrets: one that contains another one must not be left half masked.
        update_secrets(sorted(_masked, key=lambda form: (-len(form), form)))


def forget() -> None:
    """Mask nothing any more: another configuration begins."""
    with _lock:
        _masked.clear()
        update_secrets([])


def without_links(text: str) -> str:
    """``text`` with each link cut down to its host: vendors send links to documents that open without a password."""
    return LINK.sub(r"\1/...", text)


def excerpt(text: str, length: int) -> str:
    """The beginning of a text that somebody else wrote, safe to show. Masked before it is cut: half a secret would be
    recognised by nobody."""
    return without_links(filter_secrets(text))[:length]

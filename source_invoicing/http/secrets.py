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

# Slashes may be escaped in JSON.
LINK = re.compile(r"""(https?:(?:\\?/){2}[^\s"'<>\\/?#]+)[^\s"'<>]*""", re.IGNORECASE)

# The code of a character that is percent-encoded, or escaped in JSON.
CODE = re.compile(r"(?<=%)[0-9a-f]{2}|(?<=\\u)[0-9a-f]{4}", re.IGNORECASE)


_lock = threading.Lock()
_masked: set[str] = set()


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_without(signs: str) -> Callable[[str], str]:
    """JSON from libraries that escape these characters, so that it can be embedded in a web page."""
    table = str.maketrans({sign: f"\\u{ord(sign):04X}" for sign in signs})
    return lambda text: _json(text).translate(table)


#: The ways to embed a text in another one.
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
    # Go, PHP with its JSON_HEX flags, .NET, Gson.
    *map(_json_without, ("&<>", "&<>'", "&<>'+", "&<>'=")),
    html.escape,
    lambda text: repr(text)[1:-1],
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
)


def mask(secret: str) -> None:
    """Have ``secret`` replaced by asterisks wherever it is printed, in any of its spellings."""
    if len(secret) < SHORTEST_SECRET:
        return
    # Half a character cannot be encoded; a configuration that holds one is refused, and quoted nowhere.
    secret = secret.encode("utf-8", errors="replace").decode()
    forms = {secret, *(write(secret) for write in SPELLINGS)}
    # Hexadecimal codes come in either case.
    lower = {CODE.sub(lambda code: code[0].lower(), form) for form in forms}
    forms |= lower | {CODE.sub(lambda code: code[0].upper(), form) for form in forms}
    with _lock:
        _masked.update(forms)
        # Longest first, across all secrets: one that contains another must not be left half masked.
        update_secrets(sorted(_masked, key=lambda form: (-len(form), form)))


def forget() -> None:
    """Forget all secrets, before another configuration is read."""
    with _lock:
        _masked.clear()
        update_secrets([])


def without_links(text: str) -> str:
    """``text`` with each link cut down to its host: vendors send links to documents that open without a password."""
    return LINK.sub(r"\1/...", text)


def excerpt(text: str, length: int) -> str:
    """The beginning of a text from outside, safe to show. It is masked before it is cut, as half a secret would not be
    recognised."""
    return without_links(filter_secrets(text))[:length]

"""Keeping credentials out of everything that is printed.

The CDK masks the literal values of secret configuration fields in logs and traces. Derived forms (the base64 of
HTTP Basic, a percent-encoded key in a URL, a JSON-escaped one in a body) are different text and have to be named too.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

# Shorter values would mask ordinary words and digits all over the log without hiding anything worth hiding.
SHORTEST_SECRET = 4
# A shorter piece of base64 is found in other texts by chance.
SHORTEST_IN_BASE64 = 8
# What the HTTP library leaves as it is where it tidies a URL.
UNRESERVED_BY_REQUESTS = "!#$%&'()*+,/:;=?@[]~"
ESCAPED_OCTET = re.compile(r"%[0-9A-F]{2}")

# In JSON, slashes may be escaped.
LINK = re.compile(r"""(https?:(?:\\?/){2}[^\s"'<>\\/?#]+)[^\s"'<>]*""", re.IGNORECASE)


_lock = threading.Lock()
_masked: set[str] = set()


def mask(secret: str) -> None:
    """Have ``secret`` replaced by asterisks wherever it is printed, in each form it can take."""
    if len(secret) < SHORTEST_SECRET:
        return
    with _lock:
        # The longest first, of all secrets: one that contains another one must not be left half masked.
        _masked.update(_forms(secret))
        update_secrets(sorted(_masked, key=lambda form: (-len(form), form)))


def forget() -> None:
    """Mask nothing any more: another configuration begins."""
    with _lock:
        _masked.clear()
        update_secrets([])


def _forms(secret: str) -> set[str]:
    octets = secret.encode("utf-8", errors="surrogatepass")
    encoded = {quote(octets, safe=safe) for safe in ("", "/", UNRESERVED_BY_REQUESTS)} | {quote_plus(octets)}
    plain = {secret, repr(secret)[1:-1], *encoded, *(ESCAPED_OCTET.sub(_lower, form) for form in encoded)}
    # What is quoted in a message is escaped there, and once more where that message is quoted in another one.
    escaped = {_escape(form, ascii_only) for form in plain for ascii_only in (True, False)}
    twice = {_escape(form, ascii_only) for form in escaped for ascii_only in (True, False)}
    in_base64 = {text for encode in (base64.b64encode, base64.urlsafe_b64encode) for text in _base64(encode, octets)}
    return {form for form in plain | escaped | twice | in_base64 if len(form) >= SHORTEST_SECRET}


def _escape(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _lower(octet: re.Match[str]) -> str:
    return octet[0].lower()


def _base64(encode: Callable[[bytes], bytes], octets: bytes) -> Iterator[str]:
    """The base64 of octets, and what is the same of it wherever they stand within a longer text."""
    yield encode(octets).decode()
    for before in range(3):
        text = encode(b"\0" * before + octets).decode().rstrip("=")
        # Signs that also depend on the neighbours: those that begin before the secret, or end behind it.
        start = -(-before * 8 // 6)
        end = (before + len(octets)) * 8 // 6
        if end - start >= SHORTEST_IN_BASE64:
            yield text[start:end]


def without_links(text: str) -> str:
    """``text`` with each link cut down to its host: vendors send links to documents that open without a password."""
    return LINK.sub(r"\1/...", text)

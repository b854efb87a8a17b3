"""Keeping credentials out of everything that is printed.

The CDK masks the literal values of secret configuration fields in logs and traces. Derived forms (the base64 of
HTTP Basic, a percent-encoded key in a URL, a JSON-escaped one in a body) are different text and have to be named too.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

# Shorter values would mask ordinary words and digits all over the log without hiding anything worth hiding.
SHORTEST_SECRET = 4

# In JSON, slashes may be escaped.
LINK = re.compile(r"""(https?:(?:\\?/){2}[^\s"'<>\\/?#]+)[^\s"'<>]*""", re.IGNORECASE)


def mask(secret: str) -> None:
    """Have ``secret`` replaced by asterisks wherever it is printed, in each form it can take."""
    if len(secret) < SHORTEST_SECRET:
        return
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    }
    # The longest first: a form that contains another one must not be left half masked.
    for form in sorted(forms, key=len, reverse=True):
        add_to_secrets(form)


def without_links(text: str) -> str:
    """``text`` with each link cut down to its host: vendors send links to documents that open without a password."""
    return LINK.sub(r"\1/...", text)

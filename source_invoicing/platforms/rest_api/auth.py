"""How a request proves who sends it, for the ways that are not special to this platform see ``http/auth.py``."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from source_invoicing.http.secrets import mask


class ApiKeyAuth(AuthBase):
    """A key in a header, or in the query.

    :param location: ``header`` or ``query``
    :param prefix: what stands before the key, such as ``"Token "``
    """

    def __init__(self, location: str, name: str, key: str, prefix: str = "") -> None:
        mask(key)
        self._in_query = location == "query"
        self._name = name
        self._value = f"{prefix}{key}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._in_query:
            # The library's own encoding, once, behind whatever is in the query.
            request.prepare_url(_without(request.url or "", self._name), {self._name: self._value})
        else:
            # As bytes: the library encodes text as Latin-1.
            request.headers[self._name] = self._value.encode()  # type: ignore[assignment]
        return request


def _without(url: str, name: str) -> str:
    """An address without a parameter: links and redirects of an API may repeat the key, and it must not come twice."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != name]
    return url if len(kept) == len(pairs) else urlunsplit(parts._replace(query=urlencode(kept)))


class BearerAuth(ApiKeyAuth):
    """``Authorization: Bearer <token>`` (RFC 6750)."""

    def __init__(self, token: str) -> None:
        super().__init__("header", "Authorization", token, "Bearer ")

"""How a request proves who sends it, for the ways that are not special to this platform see ``http/auth.py``."""

from __future__ import annotations

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
            request.prepare_url(request.url, {self._name: self._value})
        else:
            # As bytes: the library encodes text as Latin-1.
            request.headers[self._name] = self._value.encode()  # type: ignore[assignment]
        return request


class BearerAuth(ApiKeyAuth):
    """``Authorization: Bearer <token>`` (RFC 6750)."""

    def __init__(self, token: str) -> None:
        super().__init__("header", "Authorization", token, "Bearer ")

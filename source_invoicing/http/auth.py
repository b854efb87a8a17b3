"""Authentication: how credentials get into a request, and how they are renewed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from typing_extensions import override

from source_invoicing.http.request import Request
from source_invoicing.http.response import Response
from source_invoicing.http.secrets import mask, mask_with_scheme

#: Sends a request until its response is good, or raises a failure.
Send = Callable[[Request], Response]


class Auth(AuthBase):
    """Credentials of an account. Where every request carries the same ones, ``__call__`` adds them."""

    def send(self, request: Request, send: Send) -> Response:
        """Send a request with these credentials.

        If they are refused, a subclass may renew them and send the request again, or first send another one to find out
        why.

        :raises LoginRefused: when the credentials are not accepted
        """
        return send(replace(request, auth=self))

    def close(self) -> None:
        """Stop renewing credentials."""


class BasicAuth(Auth):
    """HTTP Basic with UTF-8 credentials. Their base64 text is masked like the credentials themselves.

    ``requests``' own class encodes text as Latin-1 and fails on any other letter.
    """

    def __init__(self, user: str, password: str = "") -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        for secret in (user, password, token):
            mask(secret)
        self._header = f"Basic {token}"

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


@dataclass(frozen=True, repr=False)
class ApiKeyAuth(Auth):
    """A key in a header, or in the query.

    :param location: ``header`` or ``query``
    :param prefix: what precedes the key, such as ``"Token "``
    """

    location: str
    name: str
    key: str
    prefix: str = ""

    def __post_init__(self) -> None:
        mask_with_scheme(self.key)

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        value = f"{self.prefix}{self.key}"
        if self.location == "query":
            # Encoded by the library, once, after the existing query.
            request.prepare_url(_without(request.url or "", self.name), {self.name: value})
        else:
            # As bytes, because the library encodes text as Latin-1.
            request.headers[self.name] = value.encode()  # type: ignore[assignment]
        return request


def _without(url: str, name: str) -> str:
    """An address without one parameter: links and redirects may already hold the key, which must not be sent twice."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != name]
    return url if len(kept) == len(pairs) else urlunsplit(parts._replace(query=urlencode(kept)))

"""Authentication: how credentials get into a request, and how they are renewed."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from typing_extensions import override

from source_invoicing.http.errors import LoginRefused
from source_invoicing.http.request import Request
from source_invoicing.http.secrets import mask

#: Yields requests to send. Each ``yield`` returns the refusal, or ``None`` when the credentials were accepted.
AuthFlow = Generator[Request, LoginRefused | None, None]


class Auth(ABC):
    """Credentials of an account."""

    @abstractmethod
    def flow(self, request: Request) -> AuthFlow:
        """How a request is sent with these credentials.

        The flow yields the request with the credentials in it. Seeing that they were refused, it may renew them and
        yield the request again, or yield another one first to find out more. The outcome of the last request that it
        yields is the outcome of the whole; a failure that it raises takes its place.
        """

    def close(self) -> None:  # noqa: B027  # most credentials are not renewed
        """Stop renewing credentials."""


class FixedAuth(Auth, AuthBase):
    """Credentials that are the same in every request. A subclass says in ``__call__`` where they go."""

    @override
    def flow(self, request: Request) -> AuthFlow:
        yield replace(request, auth=self)


class BasicAuth(FixedAuth):
    """HTTP Basic with UTF-8 credentials, whose base64 text is masked like the credentials themselves.

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
class ApiKeyAuth(FixedAuth):
    """A key in a header, or in the query.

    :param location: ``header`` or ``query``
    :param prefix: what precedes the key, such as ``"Token "``
    """

    location: str
    name: str
    key: str
    prefix: str = ""

    def __post_init__(self) -> None:
        mask(self.key)

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        value = f"{self.prefix}{self.key}"
        if self.location == "query":
            # The library's own encoding, once, behind whatever is in the query.
            request.prepare_url(_without(request.url or "", self.name), {self.name: value})
        else:
            # As bytes: the library encodes text as Latin-1.
            request.headers[self.name] = value.encode()  # type: ignore[assignment]
        return request


class BearerAuth(ApiKeyAuth):
    """``Authorization: Bearer <token>`` (RFC 6750)."""

    def __init__(self, token: str) -> None:
        super().__init__("header", "Authorization", token, "Bearer ")


def _without(url: str, name: str) -> str:
    """An address without a parameter: links and redirects of an API may repeat the key, and it must not come twice."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != name]
    return url if len(kept) == len(pairs) else urlunsplit(parts._replace(query=urlencode(kept)))

"""How a request proves who sends it."""

from __future__ import annotations

import base64

import requests
from requests.auth import AuthBase

from source_invoicing.http.secrets import mask


class BasicAuth(AuthBase):
    """HTTP Basic with UTF-8 credentials, whose base64 text is masked like the credentials themselves.

    ``requests``' own class encodes text as Latin-1 and fails on any other letter.
    """

    def __init__(self, user: str, password: str = "") -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        for secret in (user, password, token):
            mask(secret)
        self._header = f"Basic {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request

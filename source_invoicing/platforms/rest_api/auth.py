"""How a request proves who sends it, for the ways that are not special to this platform see ``http/auth.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from airbyte_cdk.models import FailureType
from requests.auth import AuthBase

from source_invoicing.http import LoginRefused, transient_failure
from source_invoicing.http.secrets import mask

BAD_REQUEST = 400
SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429
# Seconds: for the token request, and how long before its end a token is renewed.
TIMEOUT = (10.0, 60.0)
TRIES = 3
EARLY = 60.0
# A token whose life is not told is renewed as often as this (seconds).
DEFAULT_LIFE = 1800.0
# A token refused sooner than this after it was handed out is not refused for its age (seconds).
FRESH = 5.0


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


class RefreshTokenAuth(AuthBase):
    """OAuth 2.0 with a refresh token (RFC 6749, section 6). Threads share one access token.

    :param on_rotation: called with a new refresh token whenever the server hands one out in place of the old one
    """

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        on_rotation: Callable[[str], None],
    ) -> None:
        for secret in (client_id, client_secret, refresh_token):
            mask(secret)
        self._token_url = token_url
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._refresh_token = refresh_token
        self._on_rotation = on_rotation
        self._lock = threading.Lock()
        self._access_token = ""
        self._issued = self._ends = float("-inf")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._lock:
            if time.monotonic() >= self._ends:
                self._renew()
            request.headers["Authorization"] = f"Bearer {self._access_token}"
        return request

    def expire(self) -> bool:
        """The API refused the access token.

        :return: whether another one may help
        """
        with self._lock:
            if time.monotonic() - self._issued < FRESH:
                return False
            self._ends = float("-inf")
            return True

    def _renew(self) -> None:
        answer = self._ask()
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            reason = answer.get("error_description") or answer.get("error") or "no access_token in the answer"
            raise LoginRefused(
                f"The token server (platform.auth.token_url) refused the refresh token: {reason}. Check "
                "platform.auth.client_id, client_secret and refresh_token; a refresh token that was withdrawn or used "
                "up has to be made anew.",
                FailureType.config_error,
            )
        mask(token)
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, (int, float, str)) and str(life).isdecimal() else DEFAULT_LIFE
        self._issued = time.monotonic()
        self._ends = self._issued + max(seconds - EARLY, seconds / 2)
        self._access_token = token
        rotated = answer.get("refresh_token")
        if isinstance(rotated, str) and rotated and rotated != self._refresh_token:
            mask(rotated)
            self._refresh_token = rotated
            self._on_rotation(rotated)

    def _ask(self) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token, **self._client}
        what = "could not be reached"
        for _ in range(TRIES):
            try:
                response = requests.post(
                    self._token_url, data=form, timeout=TIMEOUT, allow_redirects=False, auth=_no_netrc
                )
            except requests.RequestException:
                continue  # its text may hold the request
            try:
                body = response.json()
            except ValueError:
                body = None
            if response.status_code < SERVER_ERROR and response.status_code != TOO_MANY_REQUESTS:
                return body if isinstance(body, dict) else {"error": f"HTTP {response.status_code} without JSON"}
            what = f"answered HTTP {response.status_code}"
        raise transient_failure(f"The token server (platform.auth.token_url) {what}. Run the sync again.")


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Credentials from a netrc file have no business in a token request."""
    return request

"""Zoho's token endpoint: access tokens for a refresh token, few of them and not for long."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from urllib.parse import parse_qsl

import orjson

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest, Reply

TOKEN_PATH = "/accounts/oauth/v2/token"
API_PREFIX = "/api"
"""Tokens and API live on different hosts; here they are at least apart by their paths."""

CLIENT_ID = "1000.SANDBOXCLIENT"
CLIENT_SECRET = "sandbox-client-secret"
REFRESH_TOKEN = "1000.sandbox-refresh.token"
CODE = "1000.sandbox-code"
"""From the API console; good for one refresh token."""

_FORM = "application/x-www-form-urlencoded"
_SCHEMES = ("zoho-oauthtoken", "bearer")


class TokenDesk:
    """Gives out access tokens and knows which of them are good."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ends: dict[str, float] = {}
        """Monotonic second at which each token ends, oldest token first."""
        self._issued = 0
        self._window_opened = 0.0
        self._in_window = 0
        self._code_used = False
        self._generation = options.number("token_generation")

    def answer(self, request: ApiRequest) -> Reply:
        """A new access token, or an ``error`` under whatever status."""
        refused = int(self._options.text("token_error_status"))
        if request.method != "POST":
            return _json(405, {"error": "general_error"})
        given, lives_at = _parameters(request), self._options.text("data_center")
        by_code = given.get("grant_type") == "authorization_code"
        if not by_code and given.get("grant_type") != "refresh_token":
            return _json(refused, {"error": "general_error"})
        if lives_at != "here":
            return _json(refused, {"error": lives_at})
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _json(refused, {"error": "invalid_client"})
        if not (self._takes_code(given.get("code")) if by_code else self._takes_refresh_token(given)):
            return _json(refused, {"error": "invalid_code"})
        if not self._within_limit():
            throttled = {
                "error": "Access Denied",
                "error_description": "There were too many requests continuously. Try again after some time.",
                "status": "failure",
            }
            return _json(int(self._options.text("token_throttle_status")), throttled)
        lasting = by_code and self._options.text("code") != "online"
        return _json(200, self._issue(request.origin) | ({"refresh_token": REFRESH_TOKEN} if lasting else {}))

    def _takes_refresh_token(self, given: Mapping[str, str]) -> bool:
        return given.get("refresh_token") == REFRESH_TOKEN and self._options.text("refresh_token") != "revoked"

    def _takes_code(self, code: str | None) -> bool:
        taken = code == CODE and not self._code_used and self._options.text("code") != "expired"
        self._code_used = self._code_used or taken
        return taken

    def accepts(self, authorization: str) -> bool:
        """Whether the header holds a good token under the right scheme."""
        if self._generation != self._options.number("token_generation"):
            self._generation = self._options.number("token_generation")
            self.revoke()
        scheme, _, token = authorization.partition(" ")
        schemes = _SCHEMES if self._options.text("scheme") == "any" else _SCHEMES[:1]
        return scheme.lower() in schemes and self._ends.get(token.strip(), 0) > monotonic()

    def revoke(self) -> None:
        """End every token given out so far."""
        self._ends.clear()

    def _within_limit(self) -> bool:
        """Count a token. A window that is full stays full until it ends."""
        now = monotonic()
        if not self._in_window or now >= self._window_opened + self._options.number("token_window"):
            self._window_opened, self._in_window = now, 0
        if self._in_window >= self._options.number("token_limit"):
            return False
        self._in_window += 1
        return True

    def _issue(self, origin: str) -> dict[str, object]:
        self.accepts("")  # A change of generation ends the tokens before this one, not this one.
        lifetime = self._options.number("token_lifetime")
        self._issued += 1
        token = f"1000.{self._issued:032x}.{self._issued * 7919:032x}"
        self._ends[token] = monotonic() + lifetime
        while len(self._ends) > self._options.number("live_tokens"):
            del self._ends[next(iter(self._ends))]
        answer: dict[str, object] = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
        if self._options.text("expires_in") == "milliseconds":
            answer |= {"expires_in": lifetime * 1000, "expires_in_sec": lifetime}
        if self._options.text("api_domain") == "here":
            answer["api_domain"] = origin + API_PREFIX
        return answer


def _parameters(request: ApiRequest) -> dict[str, str]:
    """From the query or a form; a JSON body is not read."""
    given = dict(request.query)
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM:
        given |= dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    return given


def _json(status: int, body: Mapping[str, object]) -> Reply:
    return Reply(status, orjson.dumps(body))

"""How an API with a key wants to be shown it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote_plus

import orjson

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.table import Row

KEY = "k+ey/with=odd%20signs&more"
"""It has to be encoded once, neither never nor twice."""
USER, PASSWORD = "büro", "pass:wörd"
TOKEN_PATH = "/oauth/token"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "client/secret+of=app"
ACCESS_TOKEN, REFRESH_TOKEN = "access-token-of-a-product", "refresh-token-of-a-product"


class Auth(ABC):
    """A way to show the credentials."""

    @abstractmethod
    def admits(self, request: ApiRequest) -> bool:
        """Whether the request shows the right credentials in the right way."""

    @abstractmethod
    def config(self, base_url: str) -> Row:
        """``platform.auth`` of a connector configuration."""

    @property
    def secret_parameter(self) -> tuple[str, str] | None:
        """The query parameter that holds the key."""
        return None


class NoAuth(Auth):
    """An API for everybody."""

    def admits(self, request: ApiRequest) -> bool:
        """Everybody."""
        return True

    def config(self, base_url: str) -> Row:
        """No credentials."""
        return {"type": "none"}


class QueryKey(Auth):
    """A query parameter, once."""

    def __init__(self, name: str = "api_key") -> None:
        self._name = name

    def admits(self, request: ApiRequest) -> bool:
        """A key given twice is refused."""
        return [value for name, value in request.query if name == self._name] == [KEY]

    def config(self, base_url: str) -> Row:
        """The key in the query."""
        return {"type": "api_key", "location": "query", "name": self._name, "value": KEY}

    @property
    def secret_parameter(self) -> tuple[str, str] | None:
        """The key's own."""
        return self._name, KEY


class HeaderKey(Auth):
    """A header with the bare key, or with a word before it."""

    def __init__(self, name: str, prefix: str = "") -> None:
        self._name, self._prefix = name, prefix

    def admits(self, request: ApiRequest) -> bool:
        """Exactly the prefix and the key."""
        return request.headers.get(self._name) == self._prefix + KEY and KEY not in dict(request.query).values()

    def config(self, base_url: str) -> Row:
        """The key in a header."""
        prefix = {"prefix": self._prefix} if self._prefix else {}
        return {"type": "api_key", "location": "header", "name": self._name, "value": KEY, **prefix}


class Basic(Auth):
    """User and password, in UTF-8."""

    def __init__(self, user: str = USER, password: str = PASSWORD, any_password: bool = False) -> None:
        self._user, self._password, self._any = user, password, any_password

    def admits(self, request: ApiRequest) -> bool:
        """Both have to be right."""
        credentials = basic(request)
        if credentials is None:
            return False
        return credentials[0] == self._user and (self._any or credentials[1] == self._password)

    def config(self, base_url: str) -> Row:
        """Both."""
        return {"type": "basic", "username": self._user, "password": self._password}


class Bearer(Auth):
    """A token after the word Bearer."""

    def __init__(self, token: str = KEY) -> None:
        self._token = token

    def admits(self, request: ApiRequest) -> bool:
        """The right token."""
        return bearer(request) == self._token

    def config(self, base_url: str) -> Row:
        """The token."""
        return {"type": "bearer", "token": self._token}


class AnyOf(Auth):
    """One of several ways; the first is the one to configure."""

    def __init__(self, ways: Sequence[Auth]) -> None:
        self._ways = ways

    def admits(self, request: ApiRequest) -> bool:
        """Any of them will do."""
        return any(way.admits(request) for way in self._ways)

    def config(self, base_url: str) -> Row:
        """The first way."""
        return self._ways[0].config(base_url)

    @property
    def secret_parameter(self) -> tuple[str, str] | None:
        """That of the first way."""
        return self._ways[0].secret_parameter


class Tokens(Auth):
    """Access tokens of a product's token endpoint, which never end.

    ``basic`` says whether the client has to prove itself by HTTP Basic or in the form, ``agent`` what the header
    User-Agent has to hold.
    """

    def __init__(self, path: str, grant: str = "refresh_token", *, basic: bool = True, agent: str = "") -> None:
        self.path, self._grant, self._basic, self._agent = path, grant, basic, agent

    def admits(self, request: ApiRequest) -> bool:
        """The access token."""
        return bearer(request) == ACCESS_TOKEN

    def config(self, base_url: str) -> Row:
        """The client, and the refresh token where there is one."""
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        token = {"refresh_token": REFRESH_TOKEN} if self._grant == "refresh_token" else {}
        return {"type": "oauth2", "token_url": base_url + self.path, **client, **token}

    def token(self, request: ApiRequest) -> Reply:
        """The answer of the token endpoint."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        shown = basic(request) if self._basic else (form.get("client_id", ""), form.get("client_secret", ""))
        # In HTTP Basic both are encoded as in a form (RFC 6749, section 2.3.1).
        client = tuple(map(unquote_plus, shown)) if shown and self._basic else shown
        if self._agent not in request.headers.get("User-Agent", ""):
            return _token_error(400, "invalid_request")
        if request.method != "POST" or form.get("grant_type") != self._grant:
            return _token_error(400, "unsupported_grant_type")
        if client != (CLIENT_ID, CLIENT_SECRET):
            return _token_error(401, "invalid_client")
        if self._grant == "refresh_token" and form.get("refresh_token") != REFRESH_TOKEN:
            return _token_error(400, "invalid_grant")
        return Reply(200, orjson.dumps({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600}))


class OAuth(Auth):
    """Access tokens that a token endpoint gives for a refresh token."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._refreshes = 0
        self._calls = 0
        self._expired = False

    @property
    def refresh_token(self) -> str:
        """The refresh token that is valid now."""
        return f"refresh-token-{self._refreshes if self._options.flag('rotate_refresh_token') else 0}"

    def admits(self, request: ApiRequest) -> bool:
        """The access token given last, until its calls are used up."""
        if not self._refreshes or self._expired or bearer(request) != self._access_token:
            return False
        self._calls += 1
        limit = self._options.number("access_token_calls")
        return not limit or self._calls <= limit

    def config(self, base_url: str) -> Row:
        """The client and the refresh token that is valid now."""
        return {
            "type": "oauth2",
            "token_url": base_url + TOKEN_PATH,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": self.refresh_token,
        }

    def expire(self) -> None:
        """End the access token given out last."""
        self._expired = True

    def token(self, request: ApiRequest) -> Reply:
        """The answer of the token endpoint. The client's credentials come in the form or as HTTP Basic."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        client = (form.get("client_id"), form.get("client_secret"))
        if request.method != "POST" or form.get("grant_type") != "refresh_token":
            return _token_error(400, "unsupported_grant_type")
        if (CLIENT_ID, CLIENT_SECRET) not in (client, basic(request)):
            return _token_error(401, "invalid_client")
        if form.get("refresh_token") != self.refresh_token:
            return _token_error(400, "invalid_grant")
        self._refreshes += 1
        self._calls = 0
        self._expired = False
        body = {
            "access_token": self._access_token,
            "token_type": "Bearer",
            "expires_in": self._options.number("access_token_seconds"),
        }
        if self._options.flag("rotate_refresh_token"):
            body["refresh_token"] = self.refresh_token
        return Reply(200, orjson.dumps(body))

    @property
    def _access_token(self) -> str:
        return f"access-token-{self._refreshes}"


def basic(request: ApiRequest) -> tuple[str, str] | None:
    """User and password of HTTP Basic."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, colon, password = b64decode(encoded).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None
    return (user, password) if scheme.lower() == "basic" and colon else None


def bearer(request: ApiRequest) -> str:
    """The token after the word Bearer; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _token_error(status: int, code: str) -> Reply:
    return Reply(status, orjson.dumps({"error": code, "error_description": "The token request was refused."}))

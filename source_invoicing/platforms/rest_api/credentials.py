"""The credentials that the configuration declares; one class per way to authenticate.

To add a way, write its class here and enter it in :data:`KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

from typing_extensions import Self, override

from source_invoicing.config import Fields
from source_invoicing.http import ApiKeyAuth, Auth, BasicAuth, BearerAuth, mask
from source_invoicing.platforms.rest_api.headers import AUTHORIZATION, Pairs, check_header_name

LOCATIONS = ("query", "header")
REFRESH_TOKEN, IN_THE_BODY = "refresh_token", "body"
GRANTS = (REFRESH_TOKEN, "client_credentials")
CLIENT_AUTHS = (IN_THE_BODY, "basic")
SET_BY_OAUTH = ("grant_type", "refresh_token", "scope", "client_id", "client_secret")


class Credentials(ABC):
    """One way to log in."""

    @classmethod
    @abstractmethod
    def parse(cls, fields: Fields) -> Self:
        """Read the credentials.

        :param fields: the object ``auth`` of the platform
        :raises Failure: for the first option that is wrong
        """

    @property
    def query_name(self) -> str:
        """The query parameter that holds the key; empty where none does."""
        return ""

    @property
    def header_name(self) -> str:
        """The header that holds the credentials; empty where none does."""
        return AUTHORIZATION

    def auth(self) -> Auth | None:
        """What puts the credentials on each request, where no token has to be fetched first."""
        return None


@dataclass(frozen=True)
class ApiKey(Credentials):
    """A key in the query or in a header.

    :param name: of the header or the query parameter that holds the key
    :param prefix: stands before the key, only in a header; "Token " with its blank
    """

    value: str
    location: str = "query"
    name: str = "api_key"
    prefix: str = ""

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        location = fields.choice("location", LOCATIONS, default="query")
        prefix = fields.raw_text("prefix")
        if prefix and location == "query":
            raise fields.complaint("prefix", "goes with location header only; leave it out")
        if prefix[-1:].isalnum():
            # A word is meant. Airbyte's form cuts off the blank behind it.
            prefix = f"{prefix} "
        name = fields.optional_text("name", "api_key") or "api_key"
        if location == "header":
            check_header_name(fields, name)
        return cls(fields.text("value", why="It is the API key."), location, name, prefix)

    @property
    @override
    def query_name(self) -> str:
        return self.name if self.location == "query" else ""

    @property
    @override
    def header_name(self) -> str:
        return self.name if self.location == "header" else ""

    @override
    def auth(self) -> Auth:
        return ApiKeyAuth(self.location, self.name, self.value, self.prefix)


@dataclass(frozen=True)
class Basic(Credentials):
    """User name and password, one of which may be empty."""

    username: str
    password: str

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        username, password = fields.optional_text("username"), fields.optional_text("password")
        if not username and not password:
            raise fields.complaint("username", "and password are both empty; give one of them, or set type to none")
        return cls(username, password)

    @override
    def auth(self) -> Auth:
        return BasicAuth(self.username, self.password)


@dataclass(frozen=True)
class Bearer(Credentials):
    """A token that does not expire."""

    token: str

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        return cls(fields.text("token", why="It is the access token of the API."))

    @override
    def auth(self) -> Auth:
        return BearerAuth(self.token)


@dataclass(frozen=True)
class OAuth(Credentials):
    """Access tokens that a token endpoint issues (RFC 6749).

    :param grant: for a refresh token, or for the client's own credentials
    :param client_auth: whether id and secret of the client stand in the form or in HTTP Basic
    :param token_params: further members of the form
    """

    token_url: str
    client_id: str
    client_secret: str
    refresh_token: str = ""
    grant: str = REFRESH_TOKEN
    client_auth: str = IN_THE_BODY
    scope: str = ""
    token_params: Pairs = ()

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        fields.text("token_url", why="It is where the API hands out access tokens.")
        token_url = fields.url("token_url", default="")
        if not urlsplit(token_url).path:
            raise fields.complaint("token_url", "should have a path, such as https://login.example.com/oauth/token")
        grant = fields.choice("grant", GRANTS, default=REFRESH_TOKEN)
        refresh_token = fields.optional_text("refresh_token")
        if grant == REFRESH_TOKEN and not refresh_token:
            raise fields.complaint(
                "refresh_token",
                "is missing. It is what you got when you let the application in. Where the API gives tokens to the "
                "application itself, set grant to client_credentials",
            )
        return cls(
            token_url=token_url,
            client_id=fields.text("client_id", why="It is what the API calls your application."),
            client_secret=fields.text("client_secret", why="It belongs to the client id."),
            refresh_token=refresh_token,
            grant=grant,
            client_auth=fields.choice("client_auth", CLIENT_AUTHS, default=IN_THE_BODY),
            scope=fields.optional_text("scope"),
            token_params=_token_params(fields),
        )

    @property
    def form(self) -> Mapping[str, str]:
        """What is sent to the token endpoint."""
        members = {"grant_type": self.grant, **dict(self.token_params)}
        if self.grant == REFRESH_TOKEN:
            members["refresh_token"] = self.refresh_token
        if self.scope:
            members["scope"] = self.scope
        if self.client_auth == IN_THE_BODY:
            members |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return members

    @property
    def client(self) -> Auth | None:
        """How the client proves itself to the token endpoint, if not in the form."""
        if self.client_auth == IN_THE_BODY:
            return None
        for secret in (self.client_id, self.client_secret):
            mask(secret)
        # Encoded as RFC 6749, section 2.3.1, demands.
        return BasicAuth(quote_plus(self.client_id), quote_plus(self.client_secret))


def _token_params(fields: Fields) -> Pairs:
    params: list[tuple[str, str]] = []
    for field in fields.objects("token_params"):
        name = field.text("name", why="It is the name of a member of the form.")
        if name in (*SET_BY_OAUTH, *(known for known, _ in params)):
            where = "platform.auth sets" if name in SET_BY_OAUTH else "stands there already"
            raise field.complaint("name", f"is {name!r}, which {where}; leave it out")
        params.append((name, field.optional_text("value")))
    return tuple(params)


@dataclass(frozen=True)
class NoCredentials(Credentials):
    """The API asks for none."""

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        return cls()

    @property
    @override
    def header_name(self) -> str:
        return ""


KINDS: Mapping[str, type[Credentials]] = {
    "api_key": ApiKey,
    "basic": Basic,
    "bearer": Bearer,
    "oauth2": OAuth,
    "none": NoCredentials,
}


def parse_credentials(fields: Fields) -> Credentials:
    """The credentials that the configuration declares, by their ``type``.

    :raises Failure: for the first option that is wrong
    """
    return KINDS[fields.choice("type", KINDS)].parse(fields)

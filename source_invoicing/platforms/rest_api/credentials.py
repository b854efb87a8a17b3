"""The credentials that the configuration declares; one class per way to authenticate.

To add a way, write its class here and enter it in :data:`KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from typing_extensions import Self, override

from source_invoicing.config import Fields
from source_invoicing.http import ApiKeyAuth, Auth, BasicAuth, BearerAuth
from source_invoicing.platforms.rest_api.headers import AUTHORIZATION, check_header_name

LOCATIONS = ("query", "header")


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
    """Access tokens that are renewed with a refresh token."""

    token_url: str
    client_id: str
    client_secret: str
    refresh_token: str

    @classmethod
    @override
    def parse(cls, fields: Fields) -> Self:
        fields.text("token_url", why="It is where the API hands out access tokens.")
        token_url = fields.url("token_url", default="")
        if not urlsplit(token_url).path:
            raise fields.complaint("token_url", "should have a path, such as https://login.example.com/oauth/token")
        return cls(
            token_url=token_url,
            client_id=fields.text("client_id", why="It is what the API calls your application."),
            client_secret=fields.text("client_secret", why="It belongs to the client id."),
            refresh_token=fields.text("refresh_token", why="It is what you got when you let the application in."),
        )


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

"""The credentials that the configuration declares, one function per type of authentication.

To add a type, write its function here and enter it in :data:`KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

from source_invoicing.config import Fields
from source_invoicing.http import (
    AccessTokens,
    ApiKeyAuth,
    Auth,
    BasicAuth,
    Failure,
    LoginRefused,
    RetryPolicy,
    TokenAuth,
    mask,
    same_origin,
)
from source_invoicing.platforms.rest_api.template import AUTHORIZATION, Pairs, check_header_name

REFRESH_TOKEN = "refresh_token"
SET_BY_OAUTH = ("grant_type", "refresh_token", "scope", "client_id", "client_secret")
# Limits requests to a server whose API refuses each token it issues.
MAX_TOKENS = 20


@dataclass(frozen=True)
class OAuth:
    """Access tokens that a token endpoint issues (RFC 6749).

    :param form: what is sent to the endpoint
    :param client: id and secret of the client, if they are sent as HTTP Basic and not in the form
    """

    token_url: str
    form: Mapping[str, str]
    client: tuple[str, str] | None = None

    def make_auth(
        self, base_url: str, headers: Pairs, on_rotation: Callable[[str], None], retry_policy: RetryPolicy
    ) -> Auth:
        """
        :param headers: to send with each request to the host of the API
        :param on_rotation: called with each refresh token that replaces the previous one
        """
        client_auth = None
        if self.client is not None:
            for secret in self.client:
                mask(secret)
            # Encoded as RFC 6749, section 2.3.1, demands.
            client_auth = BasicAuth(*map(quote_plus, self.client))
        tokens = AccessTokens(
            vendor="The token server (platform.auth.token_url)",
            token_url=self.token_url,
            form=self.form,
            refusal=self._refusal,
            max_requests=MAX_TOKENS,
            options="platform.auth",
            auth=client_auth,
            headers=dict(headers) if same_origin(self.token_url, base_url) else None,
            retry_policy=retry_policy,
            on_rotation=on_rotation if REFRESH_TOKEN in self.form else None,
        )
        return TokenAuth(tokens)

    def _refusal(self, error: str, description: str) -> Failure:
        """Why the endpoint issues no token (RFC 6749, section 5.2)."""
        what, advice = "the client", "client_secret, scope, token_params and client_auth (body or basic)."
        if REFRESH_TOKEN in self.form:
            what, advice = (
                "the refresh token",
                "client_secret and refresh_token; a refresh token that was withdrawn or used up has to be made anew.",
            )
        reason = f"{error}: {description}" if description else error
        return LoginRefused(
            f"The token server (platform.auth.token_url) refused {what} ({reason}). Check platform.auth.client_id, "
            f"{advice}"
        )


@dataclass(frozen=True)
class Credentials:
    """How requests are authenticated.

    :param auth: fixed credentials, or the source of access tokens; ``None`` where there are none
    :param header_name: the header that holds the credentials; empty where none does
    :param query_name: the query parameter that holds the key; empty where none does
    """

    auth: Auth | OAuth | None = None
    header_name: str = AUTHORIZATION
    query_name: str = ""


def parse_credentials(fields: Fields) -> Credentials:
    """The credentials that the configuration declares, by their ``type``."""
    return KINDS[fields.choice("type", KINDS)](fields)


def _api_key(fields: Fields) -> Credentials:
    """A key in the query or in a header, where a prefix such as "Token " with its blank may precede it."""
    location = fields.choice("location", ("query", "header"), default="query")
    prefix = fields.raw_text("prefix")
    if prefix and location == "query":
        raise fields.complaint("prefix", "goes with location header only; leave it out")
    if prefix[-1:].isalnum():
        # A word is meant. Airbyte's form cuts off the blank after it.
        prefix = f"{prefix} "
    name = fields.text_or("name", "api_key")
    if location == "header":
        check_header_name(fields, name)
    auth = ApiKeyAuth(location, name, fields.text("value", why="It is the API key."), prefix)
    return Credentials(auth, header_name=name) if location == "header" else Credentials(auth, "", query_name=name)


def _basic(fields: Fields) -> Credentials:
    """User name and password, one of which may be empty."""
    username, password = fields.optional_text("username"), fields.optional_text("password")
    if not username and not password:
        raise fields.complaint("username", "and password are both empty; give one of them, or set type to none")
    return Credentials(BasicAuth(username, password))


def _bearer(fields: Fields) -> Credentials:
    """A token that does not expire (RFC 6750)."""
    token = fields.text("token", why="It is the access token of the API.")
    return Credentials(ApiKeyAuth("header", AUTHORIZATION, token, prefix="Bearer "))


def _oauth(fields: Fields) -> Credentials:
    """A refresh token, or the client's own credentials; id and secret of the client in the form or in HTTP Basic."""
    fields.text("token_url", why="It is where the API hands out access tokens.")
    token_url = fields.url("token_url", default="")
    if not urlsplit(token_url).path:
        raise fields.complaint("token_url", "should have a path, such as https://login.example.com/oauth/token")
    grant = fields.choice("grant", (REFRESH_TOKEN, "client_credentials"), default=REFRESH_TOKEN)
    refresh_token = fields.optional_text("refresh_token")
    if grant == REFRESH_TOKEN and not refresh_token:
        raise fields.complaint(
            "refresh_token",
            "is missing. It is what you got when you let the application in. Where the API gives tokens to the "
            "application itself, set grant to client_credentials",
        )
    client_id = fields.text("client_id", why="It is what the API calls your application.")
    client_secret = fields.text("client_secret", why="It belongs to the client id.")
    in_the_body = fields.choice("client_auth", ("body", "basic"), default="body") == "body"
    scope = fields.optional_text("scope")
    form = {"grant_type": grant, **_token_params(fields)}
    if grant == REFRESH_TOKEN:
        form[REFRESH_TOKEN] = refresh_token
    if scope:
        form["scope"] = scope
    if not in_the_body:
        return Credentials(OAuth(token_url, form, (client_id, client_secret)))
    return Credentials(OAuth(token_url, {**form, "client_id": client_id, "client_secret": client_secret}))


def _token_params(fields: Fields) -> dict[str, str]:
    params: dict[str, str] = {}
    for field in fields.objects("token_params"):
        name = field.text("name", why="It is the name of a member of the form.")
        if name in SET_BY_OAUTH or name in params:
            where = "platform.auth sets" if name in SET_BY_OAUTH else "stands there already"
            raise field.complaint("name", f"is {name!r}, which {where}; leave it out")
        params[name] = field.optional_text("value")
    return params


KINDS: Mapping[str, Callable[[Fields], Credentials]] = {
    "api_key": _api_key,
    "basic": _basic,
    "bearer": _bearer,
    "oauth2": _oauth,
    "none": lambda fields: Credentials(header_name=""),
}

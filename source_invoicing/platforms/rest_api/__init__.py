"""Any invoicing API that answers in JSON, described by the configuration. See docs/rest-api.md."""

from __future__ import annotations

import copy
import logging
from typing import Any, ClassVar

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.models import FailureType

from source_invoicing.config import Config
from source_invoicing.http import (
    AccessTokens,
    ApiClient,
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    CallBudget,
    Failure,
    LoginRefused,
    RateLimiter,
    RetryPolicy,
    StatusErrorHandler,
    TokenAuth,
)
from source_invoicing.http import (
    Auth as Credentials,
)
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api.error_handler import ResourceErrorHandler, error_text
from source_invoicing.platforms.rest_api.options import Auth, Options
from source_invoicing.platforms.rest_api.streams import RestAccount, RestStream, streams_of
from source_invoicing.streams import ChildStream, InvoicingStream, Window

logger = logging.getLogger("airbyte.source_invoicing")


# A server whose tokens are refused as fast as it issues them is not asked for ever.
MOST_TOKENS = 20
TOKEN_WINDOW = 600.0


class RestApi(Platform):
    """An account at an API that the configuration describes."""

    name: ClassVar[str] = "rest_api"
    #: Few enough for an API of which nothing is known.
    default_workers: ClassVar[int] = 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._options = Options.parse(config.options)
        self._auth = self._credentials(self._options.auth)

    def check(self) -> None:
        """See :class:`Platform`. One page of the first stream that has no parent."""
        if self._options.auth.query_name:
            logger.info("The key travels in the query of each request. Use location header where the API takes it.")
        streams = streams_of(self._options, self._account(RetryPolicy.for_check()))
        first = next(stream for stream in streams if not isinstance(stream, ChildStream))
        assert isinstance(first, RestStream)
        first.try_out()

    def streams(self) -> list[InvoicingStream]:
        """See :class:`Platform`."""
        return streams_of(self._options, self._account(RetryPolicy()))

    def _account(self, retry_policy: RetryPolicy) -> RestAccount:
        options = self._options
        error_handler = ResourceErrorHandler(
            StatusErrorHandler(
                vendor="The API",
                error_text=error_text,
                login_hint=(
                    "Check platform.auth: its type, the name and place the API wants the key in, and that the key is "
                    "complete."
                ),
                access_hint=(
                    "Check platform.auth, as some APIs answer so to a wrong key. If it is right, use credentials that "
                    "may, or leave the stream out of the connection."
                ),
                address="",
            ),
        )
        rate = options.rate
        client = ApiClient(
            base_url=options.base_url,
            auth=self._auth,
            error_handler=error_handler,
            rate_limiter=RateLimiter(
                in_flight=self.num_workers,
                budget=CallBudget(rate[0], rate[1]) if rate else None,
                longest_wait=retry_policy.longest_wait,
            ),
            pool_size=self.num_workers,
            retry_policy=retry_policy,
            headers=dict(options.headers),
        )
        window = Window(self.config.start, self.config.lookback_days)
        return RestAccount(client=client, window=window, error_handler=error_handler)

    def _credentials(self, auth: Auth) -> Credentials | None:
        return TokenAuth(self._token_source(auth)) if auth.type == "oauth2" else auth_of(auth)

    def _token_source(self, auth: Auth) -> AccessTokens:
        return AccessTokens(
            vendor="The token server (platform.auth.token_url)",
            token_url=auth.token_url,
            form={
                "grant_type": "refresh_token",
                "refresh_token": auth.refresh_token,
                "client_id": auth.client_id,
                "client_secret": auth.client_secret,
            },
            refusal=token_refusal,
            most_requests=MOST_TOKENS,
            per_seconds=TOKEN_WINDOW,
            options="platform.auth",
            on_rotation=self._keep_refresh_token,
        )

    def _keep_refresh_token(self, token: str) -> None:
        """Have the connection store a new refresh token: the old one may not work again."""
        values: dict[str, Any] = copy.deepcopy(dict(self.config.values))
        values["platform"]["auth"]["refresh_token"] = token
        emit_configuration_as_airbyte_control_message(values)


def auth_of(auth: Auth) -> Credentials | None:
    """What each request carries as credentials, where no token has to be fetched first."""
    if auth.type == "api_key":
        return ApiKeyAuth(auth.location, auth.name, auth.value, auth.prefix)
    if auth.type == "basic":
        return BasicAuth(auth.username, auth.password)
    if auth.type == "bearer":
        return BearerAuth(auth.token)
    return None


def token_refusal(error: str, description: str) -> Failure:
    """Why the token server issues no token (RFC 6749, section 5.2)."""
    told = f"{error}: {description}" if description else error
    return LoginRefused(
        f"The token server (platform.auth.token_url) refused the refresh token ({told}). Check "
        "platform.auth.client_id, client_secret and refresh_token; a refresh token that was withdrawn or used up has "
        "to be made anew.",
        FailureType.config_error,
    )

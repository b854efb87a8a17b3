"""Any invoicing API that answers in JSON, described by the configuration. See docs/rest-api.md."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import (
    AccessTokens,
    ApiClient,
    CallBudget,
    Failure,
    LoginRefused,
    RateLimiter,
    RetryPolicy,
    StatusErrorHandler,
    TokenAuth,
    logger,
)
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api.account import RestAccount
from source_invoicing.platforms.rest_api.credentials import OAuth
from source_invoicing.platforms.rest_api.declared import streams_of
from source_invoicing.platforms.rest_api.error_handler import PageErrorHandler
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.words import error_text
from source_invoicing.streams import InvoicingStream, Window

# A server that refuses tokens as fast as it issues them is not asked for ever.
MOST_TOKENS = 20
TOKEN_WINDOW = 600.0
STATUS_ERROR_HANDLER = StatusErrorHandler(
    vendor="The API",
    error_text=error_text,
    login_hint=(
        "Check platform.auth: its type, the name and place the API wants the key in, and that the key is complete."
    ),
    access_hint=(
        "Check platform.auth, as some APIs answer so to a wrong key. If it is right, use credentials that may, or "
        "leave the stream out of the connection."
    ),
    address="",
)


class RestApi(Platform):
    """An account at an API that the configuration describes."""

    name: ClassVar[str] = "rest_api"
    #: Few enough for an API of which nothing is known.
    default_workers: ClassVar[int] = 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._options = Options.parse(config.options)
        for sentence in config.options.unknown():
            logger.warning("%s", sentence)
        credentials = self._options.credentials
        self._auth = (
            TokenAuth(self._token_source(credentials)) if isinstance(credentials, OAuth) else credentials.auth()
        )

    @override
    def check(self) -> None:
        """Ask for one page of the first stream that has no parent."""
        if self._options.credentials.query_name:
            logger.info("The key travels in the query of each request. Use location header where the API takes it.")
        streams = streams_of(self._options, self._account(RetryPolicy.for_check()))
        next(stream for stream in streams if stream.declared.parent is None).try_out()

    @override
    def streams(self) -> list[InvoicingStream]:
        return list(streams_of(self._options, self._account(RetryPolicy())))

    def _account(self, retry_policy: RetryPolicy) -> RestAccount:
        window = Window(self.config.start, self.config.lookback_days)
        return RestAccount(self._client(retry_policy), window, STATUS_ERROR_HANDLER, deletions=self.deletions)

    def _client(self, retry_policy: RetryPolicy) -> ApiClient:
        options = self._options
        rate_limiter = RateLimiter(
            in_flight=self.num_workers,
            budget=CallBudget(*options.rate) if options.rate else None,
            longest_wait=retry_policy.longest_wait,
        )
        return ApiClient(
            auth=self._auth,
            base_url=options.base_url,
            error_handler=PageErrorHandler(STATUS_ERROR_HANDLER),
            rate_limiter=rate_limiter,
            pool_size=self.num_workers,
            retry_policy=retry_policy,
            headers=dict(options.headers),
        )

    def _token_source(self, credentials: OAuth) -> AccessTokens:
        return AccessTokens(
            vendor="The token server (platform.auth.token_url)",
            token_url=credentials.token_url,
            form={
                "grant_type": "refresh_token",
                "refresh_token": credentials.refresh_token,
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
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


def token_refusal(error: str, description: str) -> Failure:
    """Why the token server issues no token (RFC 6749, section 5.2)."""
    reason = f"{error}: {description}" if description else error
    return LoginRefused(
        f"The token server (platform.auth.token_url) refused the refresh token ({reason}). Check "
        "platform.auth.client_id, client_secret and refresh_token; a refresh token that was withdrawn or used up has "
        "to be made anew.",
        FailureType.config_error,
    )

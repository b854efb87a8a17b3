"""Any invoicing API that answers in JSON, described by the configuration. See docs/rest-api.md."""

from __future__ import annotations

import copy
import logging
from typing import Any, ClassVar

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from requests.auth import AuthBase

from source_invoicing.config import Config
from source_invoicing.http import ApiClient, BasicAuth, Budget, Patience, Quota, StatusJudge
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api.auth import ApiKeyAuth, BearerAuth, RefreshTokenAuth
from source_invoicing.platforms.rest_api.judge import ResourceJudge, error_text
from source_invoicing.platforms.rest_api.options import Auth, Options
from source_invoicing.platforms.rest_api.streams import RestAccount, RestStream, streams_of
from source_invoicing.streams import ChildStream, InvoicingStream, Window

logger = logging.getLogger("airbyte.source_invoicing")


class RestApi(Platform):
    """An account at an API that the configuration describes."""

    name: ClassVar[str] = "rest_api"
    #: Few enough for an API of which nothing is known.
    default_workers: ClassVar[int] = 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._options = Options.parse(config.options)
        self._auth = self._make_auth(self._options.auth)

    def check(self) -> None:
        """See :class:`Platform`. One page of the first stream that has no parent."""
        if self._options.auth.query_name:
            logger.info("The key travels in the query of each request. Use location header where the API takes it.")
        streams = streams_of(self._options, self._account(Patience.for_check()))
        first = next(stream for stream in streams if not isinstance(stream, ChildStream))
        assert isinstance(first, RestStream)
        first.first_page({})

    def streams(self) -> list[InvoicingStream]:
        """See :class:`Platform`."""
        return streams_of(self._options, self._account(Patience()))

    def _account(self, patience: Patience) -> RestAccount:
        options = self._options
        renew = self._auth.expire if isinstance(self._auth, RefreshTokenAuth) else lambda: False
        judge = ResourceJudge(
            StatusJudge(
                vendor="The API",
                error_text=error_text,
                login_hint=(
                    "Check platform.auth: its type, the name and place the API wants the key in, and that the key is "
                    "complete."
                ),
                access_hint="Use credentials that may, or leave the stream out of the connection.",
            ),
            new_token=renew,
        )
        rate = options.rate
        client = ApiClient(
            base_url=options.base_url,
            auth=self._auth,
            judge=judge,
            quota=Quota(
                in_flight=self.num_workers,
                budget=Budget(rate[0], rate[1]) if rate else None,
                longest_wait=patience.longest_wait,
            ),
            pool_size=self.num_workers,
            patience=patience,
            headers=dict(options.headers),
        )
        window = Window(self.config.start, self.config.lookback_days)
        return RestAccount(client=client, window=window, key_param=options.auth.query_name, judge=judge)

    def _make_auth(self, auth: Auth) -> AuthBase | None:
        if auth.type == "api_key":
            return ApiKeyAuth(auth.location, auth.name, auth.value, auth.prefix)
        if auth.type == "basic":
            return BasicAuth(auth.username, auth.password)
        if auth.type == "bearer":
            return BearerAuth(auth.token)
        if auth.type == "oauth2":
            return RefreshTokenAuth(
                token_url=auth.token_url,
                client_id=auth.client_id,
                client_secret=auth.client_secret,
                refresh_token=auth.refresh_token,
                on_rotation=self._keep_refresh_token,
            )
        return None

    def _keep_refresh_token(self, token: str) -> None:
        """Have the connection store a new refresh token: the old one may not work again."""
        values: dict[str, Any] = copy.deepcopy(dict(self.config.values))
        values["platform"]["auth"]["refresh_token"] = token
        emit_configuration_as_airbyte_control_message(values)

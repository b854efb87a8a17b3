"""Any invoicing API that answers in JSON, described by the configuration. See docs/rest-api.md."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import (
    ApiClient,
    RateLimiter,
    RetryPolicy,
    StatusErrorHandler,
    logger,
)
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api.account import RestAccount
from source_invoicing.platforms.rest_api.declared import streams_of
from source_invoicing.platforms.rest_api.details import RestDetailStream
from source_invoicing.platforms.rest_api.error_handler import PageErrorHandler
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.parts import Parts, PartStream
from source_invoicing.platforms.rest_api.probes import probes_of
from source_invoicing.platforms.rest_api.products import Product, chosen
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.words import error_text
from source_invoicing.streams import InvoicingStream, Window
from source_invoicing.streams.probing import Probe

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


def _error_handler(product: Product | None) -> StatusErrorHandler:
    if product is None:
        return STATUS_ERROR_HANDLER
    return replace(
        STATUS_ERROR_HANDLER,
        vendor=product.title,
        login_hint=f"Check platform.auth. {product.hint}",
        access_hint=f"{STATUS_ERROR_HANDLER.access_hint} {product.hint}",
    )


class RestApi(Platform):
    """An account at an API that the configuration describes."""

    name: ClassVar[str] = "rest_api"
    #: Few enough for an API of which nothing is known.
    default_workers: ClassVar[int] = 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        product = chosen(config.options)
        fields = product.completed(config.options) if product else config.options
        self._options = Options.parse(fields, has_start_date=config.start is not None)
        for sentence in fields.unknown():
            logger.warning("%s", sentence)
        self._error_handler = replace(_error_handler(product), too_many_statuses=self._options.rate.too_many_statuses)
        self._auth = self._options.credentials.auth
        if oauth := self._options.credentials.oauth:
            self._auth = oauth.auth(self._options.base_url, self._options.secret_headers, self._keep_refresh_token)

    @override
    def check(self) -> None:
        """Ask for one page of the first stream without a parent, and for one of its documents where it has details."""
        if self._options.credentials.query_name:
            logger.info("The key travels in the query of each request. Use location header where the API takes it.")
        streams = streams_of(self._options, self._account(RetryPolicy.for_check()))
        source = next(stream for stream in streams if stream.declared.parent is None)
        rows = source.try_out()
        documents = RestDetailStream(source).try_out(rows) if source.declared.detail else rows
        for parts in self._options.parts:
            if parts.source == source.name and parts.detail:
                RestDetailStream(source, parts).try_out(rows)
            elif parts.source == source.name:
                PartStream(parts, source).parts_of_first(documents)

    @override
    def streams(self) -> list[InvoicingStream]:
        streams = streams_of(self._options, self._account(RetryPolicy()))
        by_name = {stream.name: stream for stream in streams}
        offered = [RestDetailStream(each) if each.declared.detail else each for each in streams]
        return [*offered, *(self._parts_of(parts, by_name[parts.source]) for parts in self._options.parts)]

    def _parts_of(self, parts: Parts, source: RestStream) -> InvoicingStream:
        with_details = parts.detail or source.declared.detail
        return RestDetailStream(source, parts) if with_details else PartStream(parts, source)

    @override
    def probes(self, streams: Sequence[InvoicingStream]) -> Sequence[Probe]:
        return probes_of(streams)

    def _account(self, retry_policy: RetryPolicy) -> RestAccount:
        options = self._options
        rate_limiter = RateLimiter(self.num_workers, options.rate.budget(), retry_policy.longest_wait)
        client = ApiClient(
            auth=self._auth,
            base_url=options.base_url,
            error_handler=PageErrorHandler(self._error_handler),
            rate_limiter=rate_limiter,
            pool_size=self.num_workers,
            retry_policy=retry_policy,
            headers=dict((*options.headers, *options.secret_headers)),
        )
        window = Window(self.config.start, self.config.lookback_days)
        return RestAccount(client, window, self._error_handler, deletions=self.deletions)

    def _keep_refresh_token(self, token: str) -> None:
        """Have the connection store a new refresh token: the old one may not work again."""
        values: dict[str, Any] = copy.deepcopy(dict(self.config.values))
        values["platform"]["auth"]["refresh_token"] = token
        emit_configuration_as_airbyte_control_message(values)

"""Zoho Invoice and Zoho Books: one kind of account, two lists of streams. https://www.zoho.com/books/api/v3/"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import (
    AccessRefused,
    AccessTokens,
    ApiClient,
    BadRequest,
    CallBudget,
    RateLimiter,
    ResourceMissing,
    RetryPolicy,
    config_failure,
    logger,
)
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.zoho import books, books_details, books_streams, invoice, invoice_details
from source_invoicing.platforms.zoho.account import CALLS_PER_MINUTE, ZohoAccount, ZohoAuth
from source_invoicing.platforms.zoho.common import ZohoChildStream, ZohoStream
from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.platforms.zoho.errors import TOKEN_WINDOW, TOKENS_PER_WINDOW, ZohoErrorHandler, token_refusal
from source_invoicing.platforms.zoho.organization import Organization
from source_invoicing.platforms.zoho.product import DATA_CENTERS, Product, token_endpoint
from source_invoicing.streams import DetailCalls, InvoicingStream, ParentStream, Window

WHERE_THE_CLIENT_IS = "In the API console of your data center (api-console.zoho.com and the like), open your client."
WHERE_THE_TOKEN_IS = "Exchange a code from the API console, made with access_type=offline, for a refresh token."
# Codes 44 and 1070 end with the vendor's minute; other users of the organization may fill several of them.
RATE_LIMIT_RETRIES = 10
# https://www.zoho.com/books/api/v3/introduction/#concurrent-rate-limiter: five in the free plan, ten in others.
MOST_IN_FLIGHT = 10
# As many as no plan allows in a day.
MOST_DETAIL_CALLS = 1_000_000


class Zoho(Platform):
    """An account at one of Zoho's products."""

    default_workers: ClassVar[int] = 5
    product: ClassVar[Product]
    stream_types: ClassVar[Sequence[type[ZohoStream]]]
    detail_types: ClassVar[Sequence[type[ZohoDetails]]]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        options = config.options
        self._data_center = options.choice("data_center", DATA_CENTERS, default="us")
        self._form = {
            "grant_type": "refresh_token",
            "client_id": options.text("client_id", why=WHERE_THE_CLIENT_IS),
            "client_secret": options.text("client_secret", why=WHERE_THE_CLIENT_IS),
            "refresh_token": options.text("refresh_token", why=WHERE_THE_TOKEN_IS),
        }
        self._organization_id = options.optional_text("organization_id")
        self._details = options.flag("details")
        self._detail_calls = options.integer("detail_calls_per_sync", None, 1, MOST_DETAIL_CALLS)
        hosts = DATA_CENTERS[self._data_center]
        self._token_url = token_endpoint(options.url("token_url", default=hosts.accounts))
        self._api = options.url("base_url", default="")

    @override
    def check(self) -> None:
        """Lists the user's organizations, which needs a token."""
        try:
            Organization(self._client(RetryPolicy.for_check()), self._organization_id).check()
        except AccessRefused as refusal:
            raise AccessRefused(
                f"{refusal.sentence} The refresh token covers neither organizations nor contacts. Make one with the "
                f"scope {self.product.scope}.fullaccess.all, or with {self.product.scope}.settings.READ and the scopes "
                "of the streams you want.",
                FailureType.config_error,
            ) from None
        except (BadRequest, ResourceMissing) as refusal:
            raise config_failure(
                f"{refusal.sentence} Check that the user who made the refresh token can open {self.product.title}, and "
                "that platform.base_url, if it is set, is the address of its API."
            ) from None

    @override
    def streams(self) -> list[InvoicingStream]:
        if self.num_workers > MOST_IN_FLIGHT:
            logger.info("Zoho takes %d calls at a time. The other workers wait.", MOST_IN_FLIGHT)
        client = self._client(replace(RetryPolicy(), rate_limit_retries=RATE_LIMIT_RETRIES))
        account = ZohoAccount(
            client=client,
            window=Window(self.config.start, self.config.lookback_days),
            detail_calls=DetailCalls(self._detail_calls),
            deletions=self.deletions,
            product=self.product,
            organization=Organization(client, self._organization_id),
        )
        streams: list[InvoicingStream] = []
        parents: dict[type[InvoicingStream], ParentStream] = {}
        for kind in self.stream_types:
            stream = kind(account, parents[kind.parent_type]) if issubclass(kind, ZohoChildStream) else kind(account)
            if isinstance(stream, ParentStream):
                parents[kind] = stream
            streams.append(stream)
        details = self.detail_types if self._details else ()
        return [*streams, *(kind(account) for kind in details)]

    def _client(self, retry_policy: RetryPolicy) -> ApiClient:
        in_flight = min(self.num_workers, MOST_IN_FLIGHT)
        tokens = AccessTokens(
            vendor="Zoho",
            token_url=self._token_url,
            form=self._form,
            refusal=partial(token_refusal, self._data_center, urlsplit(self._token_url).netloc),
            most_requests=TOKENS_PER_WINDOW,
            per_seconds=TOKEN_WINDOW,
            retry_policy=retry_policy,
        )
        return ApiClient(
            base_url=self.product.root(self._api or DATA_CENTERS[self._data_center].api),
            auth=ZohoAuth(tokens, self.product, follows=None if self._api else self._token_url),
            error_handler=ZohoErrorHandler(self.product, self._organization_id),
            rate_limiter=RateLimiter(in_flight, CallBudget(CALLS_PER_MINUTE, 60.0)),
            pool_size=in_flight,
            retry_policy=retry_policy,
        )


class ZohoInvoice(Zoho):
    """An account at Zoho Invoice."""

    name: ClassVar[str] = "zoho_invoice"
    product = invoice.PRODUCT
    stream_types = invoice.STREAMS
    detail_types = invoice_details.STREAMS


class ZohoBooks(Zoho):
    """An account at Zoho Books."""

    name: ClassVar[str] = "zoho_books"
    product = books.PRODUCT
    stream_types = books_streams.STREAMS
    detail_types = books_details.STREAMS


__all__ = ["ZohoBooks", "ZohoInvoice"]

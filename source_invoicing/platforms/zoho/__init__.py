"""Zoho Invoice and Zoho Books: the same kind of account, different streams. https://www.zoho.com/books/api/v3/"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from typing_extensions import override

from source_invoicing.config import Config, Fields
from source_invoicing.http import (
    AccessRefused,
    ApiClient,
    BadRequest,
    CallBudget,
    Failure,
    RateLimiter,
    ResourceMissing,
    RetryPolicy,
    config_failure,
    logger,
)
from source_invoicing.platforms.platform import Login, Platform, streams_of
from source_invoicing.platforms.zoho import books, books_details, invoice, login
from source_invoicing.platforms.zoho.account import CALLS_PER_MINUTE, ZohoAccount, ZohoAuth, access_tokens
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.platforms.zoho.earlier_state import assign_states_to_accounts
from source_invoicing.platforms.zoho.error_handler import ZohoErrorHandler, token_refusal
from source_invoicing.platforms.zoho.organization import (
    Organization,
    check_organizations,
    may_be_several,
    organizations_to_read,
    parse_ids,
)
from source_invoicing.platforms.zoho.probes import BOOKS_PROBES, INVOICE_PROBES
from source_invoicing.platforms.zoho.product import DATA_CENTERS, Product, token_endpoint
from source_invoicing.streams import DetailCalls, InvoicingStream, combine
from source_invoicing.streams.accounts import ACCOUNTS_SIDE_BY_SIDE

WHERE_THE_CLIENT_IS = "In the API console of your data center (api-console.zoho.com and the like), open your client."
WHERE_THE_TOKEN_IS = "Exchange a code from the API console, made with access_type=offline, for a refresh token."
# Codes 44 and 1070 last until the vendor's minute ends; other users of the organization may exhaust several minutes.
RATE_LIMIT_RETRIES = 10
# https://www.zoho.com/books/api/v3/introduction/#concurrent-rate-limiter: five in the free plan, ten in others.
MAX_IN_FLIGHT = 10
# More than any plan allows in a day.
MAX_DETAIL_CALLS = 1_000_000
# Organizations are listed before a sync and, as a stream, during it. Zoho may count these calls for any organization.
CALLS_OF_NO_ORGANIZATION = 2
# Stored name: the member of a stream's state that holds the states of the organizations. Never change it.
STATES = "organizations"


class Zoho(Platform):
    """An account at one of Zoho's products."""

    default_workers: ClassVar[int] = 5
    login_secrets = login.SECRETS
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
        self._organization_ids = parse_ids(options.optional_text("organization_id"))
        self._may_be_several = may_be_several(self._organization_ids)
        #: The id of the only organization, or an empty text.
        self._chosen = "" if self._may_be_several else "".join(self._organization_ids)
        self._details = options.flag("details")
        self._detail_calls = DetailCalls(options.integer("detail_calls_per_sync", None, 1, MAX_DETAIL_CALLS))
        hosts = DATA_CENTERS[self._data_center]
        self._token_url = token_endpoint(options.url("token_url", default=hosts.accounts))
        self._api = options.url("base_url", default="")
        self._in_flight = min(self.num_workers, MAX_IN_FLIGHT)

    @override
    def check(self) -> None:
        """List the user's organizations, which needs a token. If several are named, read from each of them."""
        client = self._client(RetryPolicy.for_check())
        try:
            if self._may_be_several:
                check_organizations(client, partial(self._client_of, client), self._organization_ids)
            else:
                Organization(client, self._chosen).check()
        except AccessRefused as refusal:
            raise AccessRefused(
                f"{refusal.sentence} The refresh token covers neither organizations nor contacts. Make one with the "
                f"scope {self.product.scope}.fullaccess.all, or with {self.product.scope}.settings.READ and the scopes "
                "of the streams you want."
            ) from None
        except (BadRequest, ResourceMissing) as refusal:
            raise config_failure(
                f"{refusal.sentence} Check that the user who made the refresh token can open {self.product.title}, and "
                "that platform.base_url, if it is set, is the address of its API."
            ) from None

    @override
    def streams(self) -> list[InvoicingStream]:
        if self.num_workers > MAX_IN_FLIGHT:
            logger.info("Zoho takes %d calls at a time. The other workers wait.", MAX_IN_FLIGHT)
        client = self._client(replace(RetryPolicy(), rate_limit_retries=RATE_LIMIT_RETRIES))
        base = self._streams_of(client, Organization(client, self._chosen))
        if not self._may_be_several:
            return combine(base, [base], STATES, "organization_id")
        chosen = organizations_to_read(client, self._organization_ids)
        several = len(chosen) > 1
        organizations = [Organization(client, each, name if several else "") for each, name in chosen.items()]
        streams = [self._streams_of(self._client_of(client, each.chosen), each) for each in organizations]
        return combine(base, streams, STATES, "organization_id")

    @override
    def assign_states_to_accounts(self, streams: Sequence[InvoicingStream]) -> None:
        assign_states_to_accounts(streams)

    @override
    def option_that_adds(self, stream: str) -> str:
        is_detail = stream.replace("_", "") in (kind.__name__.lower() for kind in self.detail_types)
        return "platform.details" if is_detail and not self._details else ""

    @classmethod
    @override
    def login(cls, options: Fields) -> Login:
        platform = {"name": cls.name, **login.exchange_code(options)}
        account = cls(Config.parse({"platform": platform}, [cls.name]))
        try:
            organization_id, remark = login.organization(account._client(RetryPolicy.for_check()), account.check)
        except Failure as failure:
            raise login.with_code_used(failure) from None
        chosen = {"organization_id": organization_id} if organization_id else {}
        return Login({"platform": {**platform, **chosen}}, [remark])

    def _streams_of(self, client: ApiClient, organization: Organization) -> list[InvoicingStream]:
        account = ZohoAccount(
            client=client,
            window=self.window,
            detail_calls=self._detail_calls,
            deletions=self.deletions,
            product=self.product,
            organization=organization,
        )
        return streams_of([*self.stream_types, *(self.detail_types if self._details else ())], account)

    def _limits(self, calls: int = CALLS_PER_MINUTE) -> RateLimiter:
        """The limits of one organization."""
        return RateLimiter(self._in_flight, CallBudget(calls, 60.0))

    def _client_of(self, client: ApiClient, organization_id: str) -> ApiClient:
        limits = self._limits(CALLS_PER_MINUTE - CALLS_OF_NO_ORGANIZATION)
        return client.for_account(ZohoErrorHandler(self.product, organization_id), limits)

    def _client(self, retry_policy: RetryPolicy) -> ApiClient:
        tokens = access_tokens(self._form, self._data_center, self._token_url, token_refusal, retry_policy)
        side_by_side = ACCOUNTS_SIDE_BY_SIDE if self._may_be_several else 1
        return ApiClient(
            base_url=self.product.root(self._api or DATA_CENTERS[self._data_center].api),
            auth=ZohoAuth(tokens, self.product, None if self._api else self._token_url),
            error_handler=ZohoErrorHandler(self.product, self._chosen),
            rate_limiter=self._limits(),
            pool_size=self._in_flight * side_by_side,
            retry_policy=retry_policy,
        )


class ZohoInvoice(Zoho):
    """An account at Zoho Invoice."""

    name: ClassVar[str] = "zoho_invoice"
    product = invoice.PRODUCT
    stream_types = invoice.STREAMS
    detail_types = invoice.DETAILS
    probe_list = INVOICE_PROBES


class ZohoBooks(Zoho):
    """An account at Zoho Books."""

    name: ClassVar[str] = "zoho_books"
    product = books.PRODUCT
    stream_types = books.STREAMS
    detail_types = books_details.DETAILS
    probe_list = BOOKS_PROBES

"""Invoiced: accounts receivable. https://developer.invoiced.com/api"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from source_invoicing.config import MAX_DAYS, Config
from source_invoicing.http import ApiClient, BadRequest, BasicAuth, LoginRefused, RateLimiter, Request, RetryPolicy
from source_invoicing.platforms.invoiced.error_handler import CHECK_ERROR_HANDLER, ERROR_HANDLER, WHERE_THE_KEY_IS
from source_invoicing.platforms.invoiced.events import parse_event
from source_invoicing.platforms.invoiced.parts import PARTS
from source_invoicing.platforms.invoiced.probes import PROBES
from source_invoicing.platforms.invoiced.streams import STREAMS, Events, rows_of
from source_invoicing.platforms.platform import Platform, streams_of
from source_invoicing.streams import Account, EventFeed, InvoicingStream

# https://developer.invoiced.com/api (section "Environments"): separate accounts, separate keys.
HOSTS = {"production": "https://api.invoiced.com", "sandbox": "https://api.sandbox.invoiced.com"}


class Invoiced(Platform):
    """An account at Invoiced."""

    name: ClassVar[str] = "invoiced"
    requests_beside_probes = 2  # the connection test
    probe_list = PROBES

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        options = config.options
        self._environment = options.choice("environment", HOSTS, default="production")
        self._base_url = options.url("base_url", default=HOSTS[self._environment])
        self._children_refresh_days = options.integer("children_refresh_days", 7, 0, MAX_DAYS) or 0
        self._auth = BasicAuth(options.text("api_key", why=WHERE_THE_KEY_IS), options.optional_text("password"))

    @override
    def check(self) -> None:
        """Read one row of the customer list. A refused key is tried in the other environment."""
        try:
            self._read_a_customer(self._base_url)
        except LoginRefused as refusal:
            if self._base_url in HOSTS.values() and self._key_belongs_elsewhere():
                raise LoginRefused(
                    f"The API key belongs to the {self._other_environment} environment of Invoiced, but "
                    f"platform.environment is set to {self._environment}. Change one of them."
                ) from None
            raise refusal from None
        except BadRequest as refusal:
            raise refusal.reworded(
                f"{refusal.sentence} Check that platform.base_url, where it is set, leads to Invoiced itself."
            ) from None

    @override
    def streams(self) -> list[InvoicingStream]:
        account = Account(
            client=self._client(self._base_url, RetryPolicy()),
            window=self.window,
            deletions=self.deletions,
            events=EventFeed(lambda: Events(account), parse_event),
            children_refresh_days=self._children_refresh_days,
        )
        return streams_of((*STREAMS, *PARTS), account)

    def _client(self, base_url: str, retry_policy: RetryPolicy) -> ApiClient:
        return ApiClient(
            base_url=base_url,
            auth=self._auth,
            error_handler=ERROR_HANDLER,
            rate_limiter=RateLimiter(in_flight=self.num_workers),
            pool_size=self.num_workers,
            retry_policy=retry_policy,
        )

    def _read_a_customer(self, base_url: str) -> None:
        client = self._client(base_url, RetryPolicy.for_check())
        client.fetch(Request("customers", {"per_page": 1}, error_handler=CHECK_ERROR_HANDLER), rows_of)

    def _key_belongs_elsewhere(self) -> bool:
        try:
            self._read_a_customer(HOSTS[self._other_environment])
        except Exception:  # only a success shows that the key belongs there
            return False
        return True

    @property
    def _other_environment(self) -> str:
        return next(name for name in HOSTS if name != self._environment)

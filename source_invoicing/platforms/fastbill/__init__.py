"""FastBill: invoices and bookkeeping for small companies. https://apidocs.fastbill.com/fastbill/en/"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import ApiClient, BasicAuth, CallBudget, RateLimiter, RetryPolicy
from source_invoicing.platforms.fastbill.error_handler import WHERE_THE_KEY_IS, error_handler
from source_invoicing.platforms.fastbill.parts import PARTS
from source_invoicing.platforms.fastbill.probes import PROBES
from source_invoicing.platforms.fastbill.streams import STREAMS, Customers, FastBillAccount
from source_invoicing.platforms.platform import Platform, streams_of
from source_invoicing.streams import InvoicingStream, PageRequest

HOST = "https://my.fastbill.com"
ENDPOINT = "api/1.0/api.php"
SECONDS_PER_HOUR = 3600
MAX_CALLS_PER_HOUR = 100_000


class FastBill(Platform):
    """An account at FastBill."""

    name: ClassVar[str] = "fastbill"
    default_workers: ClassVar[int] = 1
    takes_turns: ClassVar[bool] = True
    probe_list = PROBES

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        options = config.options
        self._base_url, self._endpoint = split_address(options.url("base_url", default=HOST))
        self._auth = BasicAuth(
            options.text("username", why="It is the e-mail address you log in to FastBill with."),
            options.text("api_key", why=WHERE_THE_KEY_IS),
        )
        self._project_id = options.optional_text("project_id")
        self._calls_per_hour = options.integer("calls_per_hour", None, 1, MAX_CALLS_PER_HOUR)

    @override
    def check(self) -> None:
        """Read one row of the customer list."""
        account = self._account(RetryPolicy.for_check())
        account.client.fetch(
            account.request(Customers.resource, {"LIMIT": 1, "OFFSET": 0}),
            lambda response: Customers(account).read_page(response, PageRequest()),
        )

    @override
    def streams(self) -> list[InvoicingStream]:
        return streams_of((*STREAMS, *PARTS), self._account(RetryPolicy()))

    def _account(self, retry_policy: RetryPolicy) -> FastBillAccount:
        return FastBillAccount(
            client=self._client(retry_policy),
            window=self.window,
            deletions=self.deletions,
            endpoint=self._endpoint,
            project_id=self._project_id,
        )

    def _client(self, retry_policy: RetryPolicy) -> ApiClient:
        budget = CallBudget(self._calls_per_hour, SECONDS_PER_HOUR) if self._calls_per_hour else None
        return ApiClient(
            base_url=self._base_url,
            auth=self._auth,
            error_handler=error_handler,
            # One call at a time, with any number of workers: how FastBill handles concurrent calls is not documented.
            rate_limiter=RateLimiter(in_flight=1, budget=budget, max_wait=retry_policy.max_wait),
            pool_size=1,
            retry_policy=retry_policy,
        )


def split_address(base_url: str) -> tuple[str, str]:
    """Split an address, in any form a user may enter, into base URL and path of the endpoint below it."""
    bare = base_url.rstrip("/")
    if bare.endswith(".php"):
        base, _, script = bare.rpartition("/")
        return base, script
    return (bare, "api.php") if bare.endswith("/api/1.0") else (bare, ENDPOINT)

"""An account at Zoho, and the access tokens of its requests. All products share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from typing_extensions import override

from source_invoicing.http import AccessToken, AccessTokens, Failure, Request, RetryPolicy, TokenAuth, logger
from source_invoicing.platforms.zoho.error_handler import TOKENS_PER_WINDOW
from source_invoicing.platforms.zoho.organization import Organization
from source_invoicing.platforms.zoho.product import Product, is_zoho
from source_invoicing.streams import Account

# https://www.zoho.com/books/api/v3/introduction/#api-call-limit, per organization
CALLS_PER_MINUTE = 100


def access_tokens(
    form: Mapping[str, str],
    data_center: str,
    token_url: str,
    refusal: Callable[[str, str, str, str], Failure],
    retry_policy: RetryPolicy,
) -> AccessTokens:
    """Access tokens for what a form holds.

    :param refusal: gets the data center, the host of the token endpoint, and Zoho's error and its description
    """
    return AccessTokens(
        vendor="Zoho",
        token_url=token_url,
        form=form,
        refusal=partial(refusal, data_center, urlsplit(token_url).netloc),
        max_requests=TOKENS_PER_WINDOW,
        retry_policy=retry_policy,
    )


@dataclass(frozen=True)
class ZohoAccount(Account):
    """An account at one of Zoho's products.

    :param organization: the one that is read
    """

    product: Product
    organization: Organization

    @property
    @override
    def id(self) -> str | None:
        return self.organization.id()

    @property
    @override
    def name(self) -> str:
        return self.organization.name


class ZohoAuth(TokenAuth):
    """Zoho's access tokens. The response with a token names the address of the account's API."""

    def __init__(self, tokens: AccessTokens, product: Product, trusted_token_url: str | None) -> None:
        """
        :param trusted_token_url: requests go to the ``api_domain`` that this endpoint names, if it is Zoho's; ``None``:
            to the client's base URL
        """
        super().__init__(tokens, scheme="Zoho-oauthtoken")
        self._product = product
        self._trusted_token_url = trusted_token_url

    @override
    def remember_granted(self, request: Request) -> None:
        """Prefer a request without an organization: one with an organization may be refused for its exhausted quota,
        which says nothing about the token."""
        if self._granted is None or "organization_id" in dict(self._granted.params):
            super().remember_granted(request)

    @override
    def sign(self, request: Request, token: AccessToken) -> Request:
        signed = super().sign(request, token)
        domain = token.extra.get("api_domain")
        if self._trusted_token_url is None or not isinstance(domain, str):
            return signed
        if is_zoho(domain, self._trusted_token_url):
            return replace(signed, base_url=self._product.root(domain))
        logger.warning("The token endpoint names an API outside of Zoho. It is left aside.")
        self._trusted_token_url = None
        return signed

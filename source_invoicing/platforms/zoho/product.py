"""Zoho's products, and the hosts of its data centers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Product:
    """One of Zoho's products.

    :param title: its name for people
    :param path: its name in the paths of the API
    :param scope: its name in OAuth scopes
    """

    title: str
    path: str
    scope: str

    def root(self, host: str) -> str:
        """Address of the product's API on a host, which may already include the path."""
        root = f"/{self.path}/v3"
        host = host.rstrip("/")
        return host if host.endswith(root) else host + root


@dataclass(frozen=True)
class DataCenter:
    """The hosts of a data center. Accounts and clients are known only in their own data center."""

    accounts: str
    api: str


# https://www.zoho.com/books/api/v3/introduction/#multiple-data-centers
# https://www.zoho.com/accounts/protocol/oauth/multi-dc.html
DATA_CENTERS: Mapping[str, DataCenter] = {
    "us": DataCenter("https://accounts.zoho.com", "https://www.zohoapis.com"),
    "eu": DataCenter("https://accounts.zoho.eu", "https://www.zohoapis.eu"),
    "in": DataCenter("https://accounts.zoho.in", "https://www.zohoapis.in"),
    "au": DataCenter("https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
    "jp": DataCenter("https://accounts.zoho.jp", "https://www.zohoapis.jp"),
    # The only data center whose two hosts end differently.
    "ca": DataCenter("https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
    "cn": DataCenter("https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    "sa": DataCenter("https://accounts.zoho.sa", "https://www.zohoapis.sa"),
    "uk": DataCenter("https://accounts.zoho.uk", "https://www.zohoapis.uk"),
}
TOKEN_PATH = "/oauth/v2/token"
API_HOST = re.compile(r"www\.zohoapis\.[a-z]{2,3}(\.[a-z]{2})?")


def token_endpoint(address: str) -> str:
    """The token endpoint, from its full address or that of its host."""
    return address.rstrip("/") if urlsplit(address).path.strip("/") else address.rstrip("/") + TOKEN_PATH


def is_zoho(api_domain: str, token_url: str) -> bool:
    """Whether a token may be sent to a host: one of Zoho's API hosts, or the host that issued the token."""
    parts = urlsplit(api_domain)
    return parts.netloc == urlsplit(token_url).netloc or (
        parts.scheme == "https" and API_HOST.fullmatch(parts.netloc) is not None
    )

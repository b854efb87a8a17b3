"""Proxies and certificates that the environment names, and what is wrong with them."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from requests import Session
from requests.utils import select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import create_urllib3_context, parse_url

from source_invoicing.http.errors import Failure, config_failure

# Where requests looks for a path of certificates, in this order. They replace the usual ones.
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


def additional_certificates() -> ssl.SSLContext | None:
    """A TLS context that trusts the certificates in ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``; ``None`` if neither is set.

    They are trusted in addition to the usual ones: OpenSSL's variables are often set for other programs, so a wrong or
    empty path must not break anything.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        return None
    context = create_urllib3_context()
    for location in ({"cafile": file}, {"capath": folder}):
        with suppress(OSError, TypeError):
            context.load_verify_locations(**location)
    return context


def certificate_failure(session: Session) -> Failure | None:
    """What is wrong with the certificates that the environment names, if anything."""
    path = session.verify
    fault = _certificate_fault(path) if isinstance(path, str) else ""
    if not fault:
        return None
    name = next((name for name in CERTIFICATES if os.environ.get(name) == path), CERTIFICATES[0])
    return config_failure(
        f"The environment variable {name} names {path} as the certificates to trust, but {fault}. "
        "Correct it, or remove it to trust the usual ones."
    )


def _certificate_fault(path: str) -> str:
    if not Path(path).exists():
        return "there is no such file"
    if Path(path).is_dir():
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        return "that file holds no certificate that can be read"
    return ""


def proxy_failure(session: Session, url: str) -> Failure | None:
    """What is wrong with the proxy that the environment names for an address, if anything."""
    proxy = select_proxy(url, session.proxies)
    fault = _proxy_fault(proxy) if proxy else ""
    return config_failure(f"The environment variable {proxy_variable(session, url)} names {fault}") if fault else None


def proxy_variable(session: Session, url: str) -> str:
    """The environment variable that names the proxy for an address; empty where none does."""
    proxy = select_proxy(url, session.proxies)
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    spellings = [spelling for name in names for spelling in (name, name.upper())]
    return next((name for name in spellings if proxy and os.environ.get(name) == proxy), "")


def _proxy_fault(proxy: str) -> str:
    malformed = "a proxy whose address is malformed. Write it as host:port, or exempt the API's host in NO_PROXY."
    try:
        parts = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    except LocationParseError:
        return malformed
    if not parts.host:
        return malformed
    if parts.scheme in SOCKS and find_spec("socks") is None:
        return (
            "a SOCKS proxy, which takes the Python package PySocks, and that is not installed. Use an HTTP proxy, "
            "install the package, or exempt the API's host in NO_PROXY."
        )
    if parts.scheme not in (*SOCKS, "http", "https"):
        return f"a proxy of an unknown kind ({parts.scheme}). Use an HTTP proxy, or exempt the API's host in NO_PROXY."
    return ""

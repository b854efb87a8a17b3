"""URLs: joining them, and whether two of them lead to the same server."""

from __future__ import annotations

from urllib3.connection import port_by_scheme
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url


def join_url(base_url: str, path: str) -> str:
    """Append ``path`` to ``base_url``, keeping every segment of the base, with or without slashes between them.

    ``urllib.parse.urljoin`` drops the last segment of a base without a trailing slash, and its whole path when
    ``path`` starts with one; a base URL with a path prefix (a proxy) has to survive both.
    """
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}"


def origin(url: str) -> str:
    """Scheme, host and port of an address, and nothing that could be a secret."""
    parts = _parts(url)
    if not parts.host:
        return "an invalid address"
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else str(parts.netloc)


def same_origin(url: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common. False where either is not an address."""
    first, second = (
        (parts.scheme, parts.host, parts.port or port_by_scheme.get(parts.scheme or ""))
        for parts in (_parts(url), _parts(other))
    )
    return first == second and first[1] is not None


def _parts(url: str) -> Url:
    """An address as the library that connects to it parses it. ``urllib.parse`` sees another host in
    ``https://one.example\\@two.example``, and a key would go there."""
    try:
        return parse_url(url)
    except LocationParseError:
        return Url()

"""What goes to an API and what comes back, free of the HTTP library's types."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from source_invoicing.http.secrets import excerpt

SHOWN_OF_A_BODY = 200
# So much of a body is looked at for what must not be shown. Longer than any key.
LOOKED_AT_OF_A_BODY = 8192
# More of them are no count of anything, and too many are more than Python reads.
MOST_DIGITS = 18
HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")

QueryValue = str | int
Params = Mapping[str, QueryValue] | Sequence[tuple[str, QueryValue]]


@dataclass(frozen=True)
class Request:
    """One request, told from an account's point of view.

    :param path: below the account's base URL, without a leading slash; parts that are data are percent-encoded
    :param params: query parameters, in order
    :param json: body, sent as JSON
    :param form: body, sent as an HTML form
    :param url: absolute address in place of base URL and path, for links that an API hands out; the client refuses
        one on another host
    :param label: what is asked for, in messages, where the path alone does not tell
    :param error_handler: in place of the platform's
    """

    path: str
    params: Params = ()
    method: str = "GET"
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    url: str = ""
    label: str = ""
    error_handler: Callable[[Response], Any] | None = None

    @property
    def shown(self) -> str:
        """What messages call the request."""
        return self.label or f"/{self.path}"


@dataclass(frozen=True)
class Response:
    """One answer, its body decoded exactly once.

    :param body: the decoded JSON; ``None`` also when the body was not JSON (then ``unreadable`` says why)
    :param text: the start of the body as text, for messages only; links in it are cut down to their host
    :param path: path of the request, for messages: it holds no credentials, unlike the URL
    :param unreadable: why the body is not JSON, or ``None``
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    path: str
    unreadable: str | None = None

    @classmethod
    def of(cls, response: requests.Response, content: bytes, shown: str) -> Response:
        """Decode a response, whatever it is.

        :param content: the whole body
        :param shown: what messages call the request, see :attr:`Request.shown`
        """
        body = unreadable = None
        text = ""
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            try:
                body = _read_leniently(content, response.headers.get("Content-Type", ""))
            except (ValueError, LookupError, RecursionError):
                start = content[:LOOKED_AT_OF_A_BODY].decode("utf-8-sig", errors="replace")
                text = excerpt(start, SHOWN_OF_A_BODY)
                unreadable = _what_it_is(start, str(error))
        return cls(response.status_code, response.headers, body, text, shown, unreadable)

    @property
    def ok(self) -> bool:
        """Whether the status says success. The body may still disagree."""
        return 200 <= self.status < 300  # noqa: PLR2004  # the range is the meaning

    @property
    def server_time(self) -> int | None:
        """The server's clock, in seconds since 1970 (UTC), from the ``Date`` header."""
        try:
            return int(parsedate_to_datetime(self.headers.get("Date", "")).timestamp())
        except (TypeError, ValueError, OverflowError):
            return None


def join_url(base_url: str, path: str) -> str:
    """Put ``path`` behind ``base_url``, keeping every segment of the base, with or without slashes between them.

    ``urllib.parse.urljoin`` drops the last segment of a base without a trailing slash, and its whole path when
    ``path`` starts with one; a base URL with a path prefix (a proxy) has to survive both.
    """
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}"


def origin(url: str) -> str:
    """Scheme, host and port of an address, and nothing that could be a secret."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.host else "what is no address"


def same_origin(url: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common. What is no address has nothing in common."""
    here, there = _origin(url), _origin(other)
    return here == there and here is not None


def _origin(url: str) -> tuple[str | None, str, int | None] | None:
    parts = _parts(url)
    if not parts.host:
        return None
    return parts.scheme, parts.host, parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")


def _parts(url: str) -> Url:
    """An address as whoever connects to it understands it: ``urllib.parse`` sees another host in
    ``https://one.example\\@two.example``, and a key would go there."""
    try:
        return parse_url(url)
    except LocationParseError:
        return Url()


def whole_number(text: str) -> int | None:
    """A number of a header; ``None`` for anything but a few plain digits."""
    return int(text) if len(text) <= MOST_DIGITS and text.isascii() and text.isdigit() else None


def _read_leniently(content: bytes, content_type: str) -> Any:
    """A body that is complete, but not strictly JSON: one customer who typed half an emoji must not keep a list from
    being read. Byte order marks and declared encodings are understood, half characters become U+FFFD, and what is no
    finite number becomes null.

    :raises ValueError: when it is not JSON at all, or not all of it
    :raises LookupError: when nobody knows the encoding
    :raises RecursionError: when it is nested too deep
    """
    values = json.loads(_decoded(content, content_type), parse_constant=lambda name: None, parse_float=_finite)
    # Written and read once more, so that only one parser decides what an answer may hold.
    return orjson.loads(HALF_A_CHARACTER.sub("\ufffd", json.dumps(values, ensure_ascii=False)))


def _decoded(content: bytes, content_type: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        header = Message()
        header["Content-Type"] = content_type
        return content.decode(header.get_content_charset("utf-8"))


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _what_it_is(text: str, complaint: str) -> str:
    start = text.lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "a web page (HTML)"
    if start.startswith("<"):
        return "XML"
    if start.startswith(("{", "[")):
        return f"cut or malformed JSON ({complaint})"
    return "plain text"

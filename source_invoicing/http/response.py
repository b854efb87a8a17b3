"""What comes back from an API, decoded once and free of the HTTP library's types."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Any

import orjson
import requests

from source_invoicing.http.addresses import origin
from source_invoicing.http.log import logger
from source_invoicing.http.retry import http_date
from source_invoicing.http.secrets import excerpt

MAX_QUOTED_BODY = 200
# Secrets are masked in this much of a body before it is cut. Longer than any key.
MAX_MASKED_BODY = 8192
# A longer number is not a count. Python refuses to parse a very long one.
MAX_DIGITS = 18
MAX_KEYS_SHOWN = 10
CONTROL_CHARACTER = re.compile("[\0-\x08\x0e-\x1f]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Response:
    """One response with its body decoded, exactly once.

    :param body: the decoded JSON; also ``None`` if the body was not JSON (``unreadable`` says why)
    :param text: the start of a body that is not JSON, for messages only; links in it are cut down to their host
    :param path: path of the request, for messages: unlike the URL, it holds no credentials
    :param unreadable: why the body is not JSON, or ``None``
    :param method: of the request
    :param origin: where the request went: scheme, host and port
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    path: str
    unreadable: str | None = None
    method: str = "GET"
    origin: str = ""

    @classmethod
    def of(cls, response: requests.Response, content: bytes, shown: str) -> Response:
        """Decode a response of any status.

        :param content: the whole body
        :param shown: the name of the request in messages (:attr:`.Request.shown`)
        """
        body = unreadable = None
        text = ""
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            try:
                body = _parse_leniently(content, response.headers.get("Content-Type", ""), shown)
            except (ValueError, LookupError, RecursionError):
                start = content[:MAX_MASKED_BODY].decode("utf-8-sig", errors="replace")
                text = excerpt(start, MAX_QUOTED_BODY)
                unreadable = _describe_body(start, str(error))
        request = response.request
        method, sent_to = request.method or "", origin(request.url or "")
        return cls(response.status_code, response.headers, body, text, shown, unreadable, method, sent_to)

    @property
    def ok(self) -> bool:
        """Whether the status says success. The body may still disagree."""
        return 200 <= self.status < 300  # noqa: PLR2004  # the range is the meaning

    @property
    def server_time(self) -> int | None:
        """The server's clock, in seconds since 1970 (UTC), from the ``Date`` header."""
        date = http_date(self.headers.get("Date", ""))
        return None if date is None else int(date.timestamp())


def whole_number(value: Any) -> int | None:
    """A count, also when it is written as text. ``None`` for anything but a whole number or a few plain digits."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if len(text) <= MAX_DIGITS and text.isascii() and text.isdigit() else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def describe(value: Any) -> str:
    """What kind of value this is, for messages, without revealing its content."""
    if isinstance(value, dict):
        names = sorted(map(str, value))
        return f"an object with the keys {', '.join(names[:MAX_KEYS_SHOWN]) or '(none)'}"
    known = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return known.get(type(value), "a number")


def _parse_leniently(content: bytes, content_type: str, shown: str) -> Any:
    """Decode a body that is complete, but not strictly JSON: half an emoji in one customer's name must not stop a list
    from being read. Byte order marks and declared encodings are understood, lone surrogates become U+FFFD, and numbers
    too large to be stored become null, with a warning.

    :param shown: the name of the request in messages

    :raises ValueError: when it is not JSON, or only a part of it is
    :raises LookupError: when the declared encoding is unknown
    :raises RecursionError: when it is nested too deep
    """

    def finite(number: str) -> float | None:
        value = float(number)
        return value if math.isfinite(value) else _warn_of_lost_numbers(shown)

    values = json.loads(
        _decoded(content, content_type), parse_constant=lambda _: _warn_of_lost_numbers(shown), parse_float=finite
    )
    # Encoded and decoded again, so that one parser decides what a body may hold.
    return orjson.loads(LONE_SURROGATE.sub("\ufffd", json.dumps(values, ensure_ascii=False)))


@lru_cache(1000)
def _warn_of_lost_numbers(shown: str) -> None:
    """Warn once for each request, for any number of such values."""
    logger.warning("The answer to %s holds numbers that are infinite or larger than any type. They become null.", shown)


def _decoded(content: bytes, content_type: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        header = Message()
        header["Content-Type"] = content_type
        return content.decode(header.get_content_charset("utf-8"))


def _describe_body(text: str, parser_error: str) -> str:
    start = text.lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "a web page (HTML)"
    if start.startswith("<"):
        return "XML"
    if start.startswith(("{", "[")):
        return f"cut or malformed JSON ({parser_error})"
    if start.startswith("%pdf-"):
        return "a PDF"
    return "binary data" if CONTROL_CHARACTER.search(start) else "plain text"

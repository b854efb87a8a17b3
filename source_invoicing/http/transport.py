"""Connections: one HTTP session per client, with bounds on the time and the size of each response."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from airbyte_cdk.models import FailureType
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from source_invoicing.http.environment import additional_certificates
from source_invoicing.http.errors import UnexpectedResponse

CHUNK = 1 << 16
MIB = 1 << 20
# Of a decompressed body. The longest pages seen have a hundredth of it.
MAX_BODY_BYTES = 256 * MIB

# When the responses that this thread reads time out, by :func:`time.monotonic`.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class Session(requests.Session):
    """The pooled connections of a client.

    Keeps no cookies and follows no redirects. Proxies and certificates come from the environment, which is read once
    and not for each request. A netrc file, which would replace the credentials, is not read.

    :param base_url: where the API lives: proxies may depend on it
    :param pool_size: connections kept open, as many as there are requests in flight
    """

    def __init__(self, base_url: str, pool_size: int, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers.update(headers)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        environment = self.merge_environment_settings(base_url, {}, None, None, None)
        self.proxies, self.verify = environment["proxies"], environment["verify"]
        self.trust_env = False
        adapter = _Adapter(pool_size, additional_certificates() if self.verify is True else None)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        # The base class prepares the next request even if it is never sent, and fails at an invalid address.
        return None


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set one time-out for all responses that this thread reads inside the context."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def read_body(response: requests.Response, shown: str) -> bytes:
    """The whole body of a response, decompressed.

    :param shown: the name of the request in messages
    :raises UnexpectedResponse: before it takes up more memory than :data:`MAX_BODY_BYTES`
    :raises requests.RequestException: when it is cut or malformed, or does not end in time
    """
    pieces, size = [], 0
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise UnexpectedResponse(
                    f"The answer to {shown} has more than {MAX_BODY_BYTES // MIB} MiB, unpacked. Check that "
                    "platform.base_url, where it is set, leads to the API itself, and ask for fewer rows on a page "
                    "where that can be set.",
                    FailureType.config_error,
                )
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from None
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from None
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from None
    return b"".join(pieces)


class _Adapter(HTTPAdapter):
    """Connections whose responses time out by :func:`within`."""

    def __init__(self, pool_size: int, context: ssl.SSLContext | None) -> None:
        self._tls: dict[str, Any] = {"ssl_context": context} if context else {}
        super().__init__(pool_connections=2, pool_maxsize=pool_size)

    @override
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **self._tls, **options)

    @override
    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **self._tls, **options)

    @override
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _with_deadline(pool.ConnectionCls)
        return pool


@cache
def _with_deadline(connection: type[HTTPConnection]) -> type[HTTPConnection]:
    """A connection class (HTTP, TLS or proxy) whose responses have a deadline."""
    if issubclass(connection.response_class, _ResponseWithDeadline):
        return connection
    return type(connection.__name__, (connection,), {"response_class": _ResponseWithDeadline})


class _ResponseWithDeadline(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        if (deadline := _deadline.get()) is not None:
            self.fp = io.BufferedReader(_StreamWithDeadline(self.fp.detach(), sock, deadline))


class _StreamWithDeadline(io.RawIOBase):
    """The bytes that arrive at a socket until the deadline.

    The socket's own time-out bounds each single read. A response that arrives byte by byte never exceeds it: in the
    status line, the headers, the length of a chunk, the body, or an endless series of "100 Continue".
    """

    def __init__(self, stream: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        self._stream = stream
        self._connection = connection
        self._time_out = connection.gettimeout()
        self._deadline = deadline

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the response did not end in time")
        if self._time_out is None or remaining < self._time_out:
            self._connection.settimeout(remaining)
        return self._stream.readinto(buffer)

    @override
    def close(self) -> None:
        with suppress(OSError):
            self._stream.close()
            # The next request on the connection sets its own time-outs.
            self._connection.settimeout(self._time_out)
        super().close()

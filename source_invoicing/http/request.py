"""What is sent to an API, free of the HTTP library's types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from requests.auth import AuthBase

from source_invoicing.http.error_handler import Verdict
from source_invoicing.http.response import Response

QueryValue = str | int
Params = Mapping[str, QueryValue] | Sequence[tuple[str, QueryValue]]


@dataclass(frozen=True)
class Request:
    """One request to an account's API.

    :param path: below the account's base URL, without a leading slash; values in it are percent-encoded
    :param params: query parameters, in order
    :param json: body, sent as JSON
    :param form: body, sent as an HTML form
    :param url: absolute address that replaces base URL and path, for links in a response; the client refuses one on
        another host
    :param label: what is requested, for messages, if the path does not say it
    :param error_handler: replaces the client's
    :param auth: adds the credentials; set by the client's :class:`~source_invoicing.http.auth.Auth`
    :param base_url: replaces the client's; set by an ``Auth`` whose token says where the API is
    :param on_try: called each time it is sent, retries included
    """

    path: str
    params: Params = ()
    method: str = "GET"
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    url: str = ""
    label: str = ""
    error_handler: Callable[[Response], Verdict] | None = None
    auth: AuthBase | None = None
    base_url: str = ""
    on_try: Callable[[], None] | None = None

    @property
    def shown(self) -> str:
        """The name of the request in messages."""
        return self.label or f"/{self.path}"

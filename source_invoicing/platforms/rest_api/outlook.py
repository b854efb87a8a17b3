"""How a list continues behind a page, as far as the response says: totals, flags, cursors and links.

Whatever contradicts the configuration is a :class:`Failure` that names the option to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from airbyte_cdk.models import FailureType

from source_invoicing.http import Response, UnexpectedResponse, join_url, same_origin, whole_number
from source_invoicing.http.link_header import targets
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, holds
from source_invoicing.streams import PageRequest, Row

USUAL_TOTALS = (
    *("total", "total_count", "totalCount", "total_items", "totalItems", "count", "meta.total", "meta.total_count"),
    *("meta.pagination.total", "pagination.total", "pagination.total_entries"),
)
USUAL_FLAGS = ("has_more", "hasMore", "meta.has_more", "pagination.has_more")
PLAIN = "http://"


@dataclass(frozen=True)
class Outlook:
    """How a list continues behind a page. The members are those of :class:`~source_invoicing.streams.page.Page`."""

    has_more: bool | None = None
    total: int | None = None
    next: str | None = None


def count_at(response: Response, path: str) -> int | None:
    """The count at a path of the body; ``None`` without a path."""
    if not path:
        return None
    value = dig(response.body, path)
    count = whole_number(value)
    if count is None:
        raise bad_pagination(
            response, f"{path!r} is {describe(value)} where a count should be", "total_path or total_pages_path"
        )
    return count


def total_at(response: Response, path: str, known_rows: int) -> int | None:
    """The total at a path of the body.

    :param known_rows: rows of the list that certainly exist
    """
    total = count_at(response, path)
    if total is not None and total < known_rows:
        raise bad_pagination(response, f"{path!r} is {total} where at least {known_rows} rows are", "total_path")
    return total


def flag_at(response: Response, path: str, request: PageRequest) -> bool | None:
    """The flag at a path of the body; ``None`` without a path, and where a later page leaves it out."""
    if not path:
        return None
    value = dig(response.body, path)
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    # Some APIs leave it out on the last page. The first page has shown that the path is right.
    if known is None and (value is not MISSING or request.is_first):
        raise bad_pagination(response, f"{path!r} is {describe(value)} where true or false should be", "has_more_path")
    return known


def value_at(response: Response, path: str, rows: list[Row], request: PageRequest) -> Any:
    """A value that the last page may leave out, together with the objects around it.

    On the first page with rows the objects around it have to be there: otherwise the path is wrong, and every list
    would end with that page.
    """
    value = dig(response.body, path)
    around = path.rpartition(".")[0]
    if value is MISSING and around and rows and request.is_first and not holds(response.body, around):
        raise bad_pagination(response, f"the body has no {around!r}", "path")
    return value


def links_of(response: Response) -> Mapping[str, str]:
    """The targets of the header ``Link`` by relation, in lower case."""
    return targets(response.headers.get("Link", ""))


def link_of(response: Response, relation: str) -> str:
    """One target of the header ``Link``; empty where it is the page itself, as some APIs say on the last page."""
    links = links_of(response)
    link = links.get(relation.lower(), "")
    return "" if link == links.get("self") else link


def absolute(link: str, response: Response, base_url: str) -> str:
    """A link as an address. It may lead to another host: the client refuses to send anything there."""
    try:
        address = urljoin(join_url(base_url, response.path), link)
    except ValueError:
        raise UnexpectedResponse(
            f"The API answered {response.path} with a next page whose address is none.", FailureType.transient_error
        ) from None
    # Behind a proxy that terminates https, an API may believe that it is reached by http.
    secure = f"https://{address[len(PLAIN) :]}" if address.lower().startswith(PLAIN) else address
    return secure if same_origin(secure, base_url) else address


def sign_of_more(response: Response, rows: int) -> str:
    """Where a response seems to announce more rows than it holds, although the configuration names no such place."""
    for place in USUAL_TOTALS:
        count = whole_number(dig(response.body, place))
        if count is not None and count > rows:
            return f"{place} is {count}"
    for place in USUAL_FLAGS:
        if dig(response.body, place) is True:
            return f"{place} is true"
    count = whole_number(response.headers.get("X-Total-Count"))
    return f"X-Total-Count is {count}" if count is not None and count > rows else ""


def bad_pagination(response: Response, what: str, option: str) -> UnexpectedResponse:
    """The failure for a page that cannot be continued as configured."""
    return UnexpectedResponse(
        f"The API answered {response.path} with a page that cannot be continued: {what}. Check "
        f"pagination.{option} of the stream.",
        FailureType.config_error,
    )

"""How long a list is and how it continues, by what a response says: totals, flags, cursors and links.

A response that contradicts the configuration is a :class:`Failure` that names the option to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from airbyte_cdk.models import FailureType
from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import Response, UnexpectedResponse, join_url, same_origin, whole_number
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, holds, parse_path
from source_invoicing.platforms.rest_api.template import check_header_name
from source_invoicing.streams import PageRequest, Row

# Names for the number of rows, the flag for more rows, and the next page, in lower case without "_", "-", "$" and "@".
TOTAL = re.compile(
    r"total(count|items|elements|entries|records|resources|results|rows)?|(item|record|result|row)?count|all"
)
FLAG = re.compile(r"(has)?more(records)?|hasnext(page)?")
LINK = re.compile(r"(odata\.)?next(cursor|link|page|pagetoken|token|url)?")
PUNCTUATION = str.maketrans("", "", "_-$@")
# Levels of a body that are searched for these names.
MAX_DEPTH = 4
PLAIN = "http://"
# The options that a wrong count in a body may come from.
PATHS = "total_path or total_pages_path"


@dataclass(frozen=True)
class Place:
    """Where an API says something: a dotted path in the body, or the name of a header. Both are empty if it does not.

    :param prefix: what stands before "path" and "header" in the names of the options
    """

    prefix: str
    path: str = ""
    header: str = ""

    @classmethod
    def parse(cls, fields: Fields, prefix: str = "") -> Self:
        """
        :param fields: the object ``pagination`` of a stream
        """
        place = cls(prefix, parse_path(fields, f"{prefix}path"), fields.optional_text(f"{prefix}header"))
        if place.header:
            check_header_name(fields, place.header, place.option)
        if place.path and place.header:
            raise fields.complaint(place.option, f"and {prefix}path are both set; the API tells it in one place")
        return place

    def __bool__(self) -> bool:
        return bool(self.path or self.header)

    def __str__(self) -> str:
        return self.header or self.path

    @property
    def option(self) -> str:
        """The name of the option that is set."""
        return f"{self.prefix}{'header' if self.header else 'path'}"

    def find(self, response: Response) -> Any:
        """What a response says there; :data:`MISSING` if it does not."""
        return response.headers.get(self.header, MISSING) if self.header else dig(response.body, self.path)


@dataclass(frozen=True)
class PageInfo:
    """Where the API says how long a list is and whether it continues.

    :param total_pages_path: dotted path of the number of pages; empty if it does not say
    """

    total_at: Place = Place("total_")
    more_at: Place = Place("has_more_")
    total_pages_path: str = ""

    @classmethod
    def parse(cls, fields: Fields, *, counts_pages: bool = False) -> Self:
        """
        :param fields: the object ``pagination`` of a stream
        :param counts_pages: whether there may be a ``total_pages_path``
        """
        pages = parse_path(fields, "total_pages_path") if counts_pages else ""
        return cls(Place.parse(fields, "total_"), Place.parse(fields, "has_more_"), pages)

    def counted(self, response: Response) -> int | None:
        """The total, without checks of the response; ``None`` without a valid one."""
        return whole_number(self.total_at.find(response)) if self.total_at else None

    def total(self, response: Response, request: PageRequest, known_rows: int = 0) -> int | None:
        """The total. A later page may lack the header.

        :param known_rows: the least number of rows the list has
        """
        place, found = self.total_at, self.total_at.find(response)
        if not place or (place.header and found is MISSING and not request.is_first):
            return None
        total = _count(response, found, str(place), place.option if place.header else PATHS)
        if total < known_rows:
            what = f"{str(place)!r} is {total} where at least {known_rows} rows are"
            raise bad_pagination(response, what, place.option)
        return total

    def has_more(self, response: Response, request: PageRequest) -> bool | None:
        """Whether the list continues; ``None`` if the API does not say, or a later page does not."""
        if path := self.total_pages_path:
            return request.number < _count(response, dig(response.body, path), path, PATHS)
        if not self.more_at:
            return None
        value = self.more_at.find(response)
        if isinstance(value, bool):
            return value
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())
        # Some APIs omit it on the last page. The first page has shown that the path is right.
        if known is None and (value is not MISSING or request.is_first):
            what = f"{str(self.more_at)!r} is {describe(value)} where true or false should be"
            raise bad_pagination(response, what, self.more_at.option)
        return known


NO_PAGE_INFO = PageInfo()


def _count(response: Response, value: Any, place: str, option: str) -> int:
    count = whole_number(value)
    if count is None:
        raise bad_pagination(response, f"{place!r} is {describe(value)} where a count should be", option)
    return count


def value_at(response: Response, path: str, rows: list[Row], request: PageRequest) -> Any:
    """A value that the last page may omit, together with the objects around it.

    A first page with rows must have the objects around it: otherwise the path is wrong, and every list would end with
    its first page.
    """
    value = dig(response.body, path)
    around = path.rpartition(".")[0]
    if value is MISSING and around and rows and request.is_first and not holds(response.body, around):
        raise bad_pagination(response, f"the body has no {around!r}", "path")
    return value


def absolute(link: str, response: Response, base_url: str) -> str:
    """A link as an absolute address. It may lead to another host, to which the client refuses to send a request."""
    try:
        address = urljoin(join_url(base_url, response.path), link)
    except ValueError:
        raise UnexpectedResponse(
            f"The API answered {response.path} with a next page whose address is none. Run the sync again; if it "
            "persists, check the pagination of the stream."
        ) from None
    # An API behind a proxy that terminates https may write its own addresses with http.
    secure = f"https://{address[len(PLAIN) :]}" if address.lower().startswith(PLAIN) else address
    return secure if same_origin(secure, base_url) else address


def hint_of_more(response: Response, rows: int) -> str:
    """What in a response suggests more rows than it holds, where the configuration names nothing that counts them."""
    count = whole_number(response.headers.get("X-Total-Count"))
    if count is not None and count > rows:
        return f"X-Total-Count is {count}"
    return next(_hints_in(response.body, rows), "")


def _hints_in(body: Any, rows: int, around: str = "") -> Iterator[str]:
    """All such hints in a body, outside of lists."""
    if not isinstance(body, Mapping) or around.count(".") >= MAX_DEPTH:
        return
    for name, value in body.items():
        plain, count = str(name).lower().translate(PUNCTUATION), whole_number(value)
        if TOTAL.fullmatch(plain) and count is not None and count > rows:
            yield f"{around}{name} is {count}"
        elif FLAG.fullmatch(plain) and value is True:
            yield f"{around}{name} is true"
        elif LINK.fullmatch(plain) and isinstance(value, str) and value:
            yield f"{around}{name} is filled"
        else:
            yield from _hints_in(value, rows, f"{around}{name}.")


def bad_pagination(response: Response, what: str, option: str) -> UnexpectedResponse:
    """The failure for a page that cannot be continued as configured."""
    return UnexpectedResponse(
        f"The API answered {response.path} with a page that cannot be continued: {what}. Check "
        f"pagination.{option} of the stream.",
        FailureType.config_error,
    )

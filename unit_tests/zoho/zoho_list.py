"""A list of Zoho in memory, for requests-mock: pages, orders and a filter, and what is known to vary in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

import requests_mock

Row = dict[str, Any]
EPOCH = 1_750_000_000
TIMESTAMP = "%Y-%m-%dT%H:%M:%S%z"


def written(timestamp: int) -> str:
    """A time (seconds after the epoch of these lists) as Zoho writes it."""
    return datetime.fromtimestamp(EPOCH + timestamp, timezone.utc).strftime(TIMESTAMP)


def rows(count: int, key: str) -> list[Row]:
    """Rows in the order of their creation, last changed in another order, ten seconds apart."""
    return [
        {key: str(number), "created_time": written(number), "last_modified_time": written(1000 + number * 37 % 1009)}
        for number in range(count)
    ]


@dataclass
class ZohoList:
    """The server of one list.

    :param key: of the rows, in the envelope
    :param flag: form of ``has_more_page``; "no context" leaves out all of ``page_context``
    :param cap: the most rows on a page, whatever is asked for
    :param filter: what ``last_modified_time`` means
    :param refused: parameters that are refused, with the code
    :param quota: how many calls are left of the day; ``None`` for enough
    :param before: called before each response
    """

    key: str
    rows: list[Row]
    flag: Literal["flag", "text", "no flag", "no context"] = "flag"
    cap: int = 200
    filter: Literal["since", "equal", "ignored"] = "since"
    refused: Collection[str] = ()
    code: int = 2
    quota: int | None = None
    before: Callable[[ZohoList], None] = lambda listed: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Any, context: Any) -> Row:
        """The body of a response, as requests-mock asks for it."""
        asked = {name: values[0] for name, values in request.qs.items()}
        self.before(self)
        self.asked.append(asked)
        if self.quota is not None and len(self.asked) > self.quota:
            context.status_code = 429
            return {"code": 45, "message": "The calls of the day are used up"}
        if any(name in self.refused or f"{name}={value}" in self.refused for name, value in asked.items()):
            context.status_code = 400
            return {"code": self.code, "message": "Invalid value passed"}
        listed = self._listed(asked)
        number, size = int(asked["page"]), min(int(asked["per_page"]), self.cap)
        more = len(listed) > number * size
        page: Row = {
            "page": number,
            "per_page": size,
            "has_more_page": str(more).lower() if self.flag == "text" else more,
        }
        if self.flag == "no flag":
            del page["has_more_page"]
        body: Row = {"code": 0, self.key: [dict(row) for row in listed[(number - 1) * size : number * size]]}
        return body if self.flag == "no context" else {**body, "page_context": page}

    def _listed(self, asked: dict[str, str]) -> list[Row]:
        listed = list(self.rows)
        if "last_modified_time" in asked and self.filter != "ignored":
            since = _seconds(asked["last_modified_time"])
            changed = [(row, _seconds(row["last_modified_time"])) for row in listed]
            listed = [row for row, at in changed if (at == since if self.filter == "equal" else at >= since)]
        column = asked.get("sort_column")
        if column:
            listed.sort(key=lambda row: str(row[column]), reverse=asked.get("sort_order") == "d")
        return listed

    @property
    def requests(self) -> Counter[str]:
        """How many requests came for each order, and how many were "filtered"."""
        return Counter(
            [each.get("sort_column", "as it comes") for each in self.asked]
            + ["filtered" for each in self.asked if "last_modified_time" in each]
        )


def serve(http: requests_mock.Mocker, address: str, listed: ZohoList) -> ZohoList:
    """Put a list behind an address."""
    http.get(address, json=listed)
    return listed


def _seconds(text: str) -> int:
    return int(datetime.strptime(text.upper(), TIMESTAMP).timestamp())

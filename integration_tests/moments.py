"""Where a read can be hit: which list of a platform stands for each moment, and how to put a fault there.

Each moment has a list of its own, so that one run shows them all and each outcome belongs to one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integration_tests.connector import Json
from integration_tests.platforms import FASTBILL, INVOICED, REST_API, ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts
from integration_tests.sandbox import Sandbox

FIRST, MIDDLE, LAST, CHILD, TOKEN = "first page", "middle", "last page", "child list", "token call"

# Of the requests a list takes, the one that is hit, counted from 0.
_PLACES: Mapping[str, Callable[[int], int]] = {
    FIRST: lambda requests: 0,
    MIDDLE: lambda requests: requests // 2,
    LAST: lambda requests: requests - 1,
    CHILD: lambda requests: requests // 2,
}


@dataclass(frozen=True)
class Stage:
    """A platform with lists of a few small pages, one for each moment.

    :param lists: the stream that is hit at each moment
    :param spared: a stream that never is
    :param rows: of the streams; the others have few
    :param options: of the sandbox
    :param signs_in: whether an access token is asked for
    :param closing: refusals that close the account to all streams: whoever waits for its quota sends nothing more
    """

    platform: PlatformFacts
    lists: Mapping[str, str]
    spared: str
    rows: Mapping[str, int]
    options: Mapping[str, Any] = field(default_factory=dict)
    signs_in: bool = False
    closing: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Of the platform."""
        return self.platform.name

    @property
    def streams(self) -> list[str]:
        """What a run reads."""
        return [*self.lists.values(), self.spared]


@dataclass(frozen=True)
class Undisturbed:
    """What an undisturbed read shows.

    :param catalog: the streams that are offered, by name
    :param requests: how many each stream takes
    """

    catalog: Mapping[str, Json]
    requests: Mapping[str, int]


def rule(stage: Stage, undisturbed: Undisturbed, moment: str, fault: Mapping[str, Any], times: int) -> dict[str, Any]:
    """The rule that has a fault strike at a moment.

    :param times: how often in a row; 0 is for ever
    """
    if moment == TOKEN:
        return {"match": {"path": "/token$"}, "times": times, "fault": fault}
    stream = stage.lists[moment]
    after = _PLACES[moment](undisturbed.requests[stream])
    return {"match": {"stream": stream}, "after": after, "times": times, "fault": fault}


def keys_there(sandbox: Sandbox, stage: Stage) -> dict[str, list[Json]]:
    """The rows that a complete read of each stream gives."""
    return {name: sandbox.rows(name) for name in stage.streams}


_ZOHO_ROWS = {"invoices": 25, "expenses": 25, "taxes": 5}
STAGES = (
    Stage(
        INVOICED,
        lists={FIRST: "notes", MIDDLE: "invoices", LAST: "credit_balance_adjustments", CHILD: "contacts"},
        spared="subscriptions",
        rows={
            "customers": 12,
            "notes": 25,
            # One page more than elsewhere: nothing is kept before the totals of two pages added up.
            "invoices": 45,
            "credit_balance_adjustments": 25,
            "contacts": 15,
            "subscriptions": 20,
        },
    ),
    Stage(
        ZOHO_INVOICE,
        lists={FIRST: "items", MIDDLE: "invoices", LAST: "expenses"},
        spared="taxes",
        rows={"items": 25, **_ZOHO_ROWS},
        signs_in=True,
    ),
    Stage(
        ZOHO_BOOKS,
        lists={FIRST: "purchase_orders", MIDDLE: "invoices", LAST: "expenses"},
        spared="taxes",
        rows={"purchase_orders": 25, **_ZOHO_ROWS},
        signs_in=True,
    ),
    Stage(
        FASTBILL,
        lists={FIRST: "customers", MIDDLE: "invoices", LAST: "products"},
        spared="revenues",
        rows={"customers": 25, "invoices": 25, "products": 25, "revenues": 5},
        closing=(429, 503),
    ),
    Stage(
        REST_API,
        lists={FIRST: "payments", MIDDLE: "invoices", LAST: "items", CHILD: "customer_invoices"},
        spared="taxes",
        rows={"customers": 12, "payments": 25, "invoices": 25, "items": 25, "customer_invoices": 40, "taxes": 5},
        options={"auth": "oauth2", "rotate_refresh_token": "false"},
        signs_in=True,
    ),
)

"""What the streams of one account share."""

from __future__ import annotations

from dataclasses import dataclass, field

from source_invoicing.http import ApiClient
from source_invoicing.streams.detail_calls import DetailCalls
from source_invoicing.streams.events import EventFeed
from source_invoicing.streams.timestamps import Window


@dataclass(frozen=True)
class DeletionPolicy:
    """What streams tell of rows that are gone.

    :param emit: whether they tell anything
    :param sweep_days: how often a long list is searched for them; 0 is never
    """

    emit: bool = False
    sweep_days: int = 7


@dataclass(frozen=True)
class Account:
    """One account at a vendor. Its streams share connections, quota and token.

    :param detail_calls: the requests for details, of all streams together
    :param events: what happened in the account, where the vendor lists that
    :param children_refresh_days: how often lists per parent are all read, where events say which ones have changed; 0
        is each time
    """

    client: ApiClient
    window: Window
    detail_calls: DetailCalls = field(default_factory=DetailCalls, kw_only=True)
    deletions: DeletionPolicy = field(default_factory=DeletionPolicy, kw_only=True)
    events: EventFeed | None = field(default=None, kw_only=True)
    children_refresh_days: int = field(default=7, kw_only=True)

    @property
    def id(self) -> str | None:
        """What the vendor calls it, where the login reaches several; ``None`` where only the vendor knows.

        :raises Failure: when it cannot be found out
        """
        return None

    @property
    def name(self) -> str:
        """What messages call it, where the connection reads several."""
        return ""

"""What the streams of one account share."""

from __future__ import annotations

from dataclasses import dataclass, field

from source_invoicing.http import ApiClient
from source_invoicing.streams.detail_calls import DetailCalls
from source_invoicing.streams.events import EventFeed
from source_invoicing.streams.timestamps import Window


@dataclass(frozen=True)
class DeletionPolicy:
    """Whether and how streams report deleted rows.

    :param emit: whether they emit records for them
    :param sweep_days: days between two searches of a long list for them; 0: never
    """

    emit: bool = False
    sweep_days: int = 7


@dataclass(frozen=True)
class Account:
    """One account at a vendor. Its streams share connections, quota and token.

    :param detail_calls: counts the requests for details, of all streams together
    :param events: the events of the account, where the vendor lists them
    :param children_refresh_days: days between two readings of all lists per parent, where events say which ones have
        changed; 0: each sync reads all
    """

    client: ApiClient
    window: Window
    detail_calls: DetailCalls = field(default_factory=DetailCalls, kw_only=True)
    deletions: DeletionPolicy = field(default_factory=DeletionPolicy, kw_only=True)
    events: EventFeed | None = field(default=None, kw_only=True)
    children_refresh_days: int = field(default=7, kw_only=True)

    @property
    def id(self) -> str | None:
        """The vendor's id of the account, where the login reaches several; ``None`` where only the vendor knows.

        :raises Failure: when it cannot be found out
        """
        return None

    @property
    def name(self) -> str:
        """The name of the account in messages, where the connection reads several."""
        return ""

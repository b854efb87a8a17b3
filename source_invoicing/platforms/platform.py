"""What a platform offers to the source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from source_invoicing.config import Config
from source_invoicing.streams import DeletionPolicy, InvoicingStream


class Platform(ABC):
    """One account at one invoicing system.

    :param config: the whole configuration; the platform reads its own options from it
    :raises Failure: when an option is wrong
    """

    #: The name in the configuration.
    name: ClassVar[str]
    #: Requests in flight unless the user says otherwise.
    default_workers: ClassVar[int] = 8
    #: Whether a sync may end before all streams had their turn, because it may send only few calls. Then streams that
    #: the last sync did not finish come first, and the others in an order that changes.
    takes_turns: ClassVar[bool] = False

    def __init__(self, config: Config) -> None:
        self.config = config
        self.num_workers = config.num_workers or self.default_workers
        self.deletions = DeletionPolicy(config.emit_deletions, config.deletion_sweep_days)

    @abstractmethod
    def check(self) -> None:
        """Try the account with one or two requests.

        :raises Failure: with a sentence that says what to change
        """

    @abstractmethod
    def streams(self) -> list[InvoicingStream]:
        """The account's streams, parents before their children, sharing one client."""

"""What a platform offers to the source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from source_invoicing.config import Config, Fields
from source_invoicing.streams import Account, ChildStream, DeletionPolicy, InvoicingStream, ParentStream, Window
from source_invoicing.streams.probing import Probe


@dataclass(frozen=True)
class Login:
    """The result of a login.

    :param config: the configuration of the account, secrets included
    :param remarks: sentences for the user, without secrets
    """

    config: Mapping[str, Any]
    remarks: Sequence[str]


class Platform(ABC):
    """One account at one invoicing system.

    :param config: the whole configuration; the platform reads its own options from it
    :raises Failure: when an option is wrong
    """

    #: The name in the configuration.
    name: ClassVar[str]
    #: Requests in flight unless the user says otherwise.
    default_workers: ClassVar[int] = 8
    #: Whether a sync may run out of calls before it has read all streams. Then streams that the last sync did not
    #: finish come first, and the others in an order that changes.
    takes_turns: ClassVar[bool] = False
    #: The most requests that a run of :meth:`probes` sends beside the probes: the connection test, access tokens, the
    #: ids of accounts, each tried twice.
    requests_beside_probes: ClassVar[int] = 8
    #: Checks of assumptions about the API that any account can confirm.
    probe_list: ClassVar[Sequence[Probe]] = ()
    #: What :meth:`login` needs; empty for a platform without it, whose keys a user copies into the configuration.
    login_secrets: ClassVar[Sequence[str]] = ()

    def __init__(self, config: Config) -> None:
        self.config = config
        self.num_workers = config.num_workers or self.default_workers
        self.window = Window(config.start, config.lookback_days)
        self.deletions = DeletionPolicy(config.emit_deletions, config.deletion_sweep_days)

    def option_that_adds(self, stream: str) -> str:
        """The property of the configuration that adds a stream; empty where none does, or it is set already."""
        return ""

    def unknown_options(self) -> Iterable[str]:
        """A sentence about each option that the platform does not have."""
        return self.config.options.unknown()

    @abstractmethod
    def check(self) -> None:
        """Test the connection with one or two requests.

        :raises Failure: with a sentence that says what to change
        """

    @abstractmethod
    def streams(self) -> list[InvoicingStream]:
        """The account's streams, parents before their children, sharing one client.

        Where several accounts are read, these are the streams of one, and each knows its counterparts in the others.

        :raises Failure: when the accounts have to be looked up and that fails
        """

    def assign_states_to_accounts(self, streams: Sequence[InvoicingStream]) -> None:  # noqa: B027  # one account as a rule
        """Assign states that name no account to one of several accounts (:meth:`.AccountsState.claim`).

        :param streams: with their states set
        """

    def probes(self, streams: Sequence[InvoicingStream]) -> Sequence[Probe]:
        """Checks of assumptions about the API that this account can confirm.

        :param streams: those of the account
        """
        return self.probe_list

    @classmethod
    def login(cls, options: Fields) -> Login:
        """Exchange what the vendor's console shows for the configuration of an account, and test it.

        :param options: :attr:`login_secrets`, and options of the configuration
        :raises Failure: with a sentence that says what to change
        """
        raise NotImplementedError


def streams_of(kinds: Iterable[type[InvoicingStream]], account: Account) -> list[InvoicingStream]:
    """The streams of an account.

    :param kinds: parents before their children, which take their ids from them
    """
    streams: list[InvoicingStream] = []
    parents: dict[str, ParentStream] = {}
    for kind in kinds:
        stream = kind(account, parents[kind.parent_resource]) if issubclass(kind, ChildStream) else kind(account)
        if isinstance(stream, ParentStream):
            parents[stream.resource] = stream
        streams.append(stream)
    return streams

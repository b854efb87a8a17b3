"""The organizations to read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from source_invoicing.http import (
    AccessRefused,
    ApiClient,
    BadRequest,
    Failure,
    Request,
    ResourceMissing,
    combined_failure,
    config_failure,
    logger,
)
from source_invoicing.platforms.zoho.error_handler import foreign_organizations, label, rows_in, several_organizations
from source_invoicing.streams import Row

#: Value of ``organization_id`` for all organizations.
ALL = "all"


def parse_ids(option: str) -> tuple[str, ...]:
    """The ids in the option ``organization_id``, each once; only :data:`ALL` if it is among them."""
    ids = tuple(dict.fromkeys(filter(None, re.split(r"[\s,;]+", option))))
    return (ALL,) if ALL in map(str.lower, ids) else ids


def may_be_several(ids: Sequence[str]) -> bool:
    """Whether the ids of :func:`parse_ids` may stand for several organizations."""
    return len(ids) > 1 or ALL in ids


class Organization:
    """An organization to read: a chosen one, or the user's only one.

    Safe to use from several threads; Zoho is asked once.

    :ivar chosen: its id, or an empty text
    :ivar name: its name in messages, if several are read
    """

    def __init__(self, client: ApiClient, chosen: str, name: str = "") -> None:
        self.chosen = chosen
        self.name = name
        self._client = client
        self._lock = threading.Lock()
        self._known = bool(chosen)
        self._id: str | None = chosen or None
        self._failure: Failure | None = None

    def id(self) -> str | None:
        """Its id; ``None`` if only Zoho knows it, because the token may not list organizations.

        :raises Failure: when the user has none or several, and none was chosen
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if not self._known:
                self._look_up()
            return self._id

    def check(self) -> None:
        """Test that it can be read, with one or two requests.

        :raises Failure: with a sentence that says what to change
        """
        try:
            organizations = list_organizations(self._client)
        except (AccessRefused, ResourceMissing) as refusal:
            try:
                ask_for_a_contact(self._client, self.chosen)
            except ResourceMissing:
                # The reason why organizations cannot be listed says more.
                raise refusal from None
            return
        if not self.chosen:
            only_organization(organizations)
        elif self.chosen not in names_by_id(organizations):
            raise foreign_organizations([self.chosen], organizations)

    def _look_up(self) -> None:
        try:
            self._id = only_organization(list_organizations(self._client))
        except (AccessRefused, ResourceMissing):
            logger.info("The token may not list organizations. Zoho picks the user's only one.")
        except Failure as failure:
            self._failure = failure
            raise
        self._known = True


def list_organizations(client: ApiClient) -> list[Row]:
    """The user's organizations, on one page. https://www.zoho.com/books/api/v3/organizations/"""
    try:
        return client.fetch(Request("organizations"), lambda response: rows_in(response, "organizations"))
    except BadRequest as refusal:
        # A request without parameters cannot be malformed, so access is refused.
        raise AccessRefused(refusal.sentence) from None


def names_by_id(organizations: Sequence[Row]) -> dict[str, str]:
    """Names of organizations, for messages, by their ids."""
    return {str(each.get("organization_id")): label(each) for each in organizations}


def organizations_to_read(client: ApiClient, ids: Sequence[str]) -> dict[str, str]:
    """Names of the organizations to read, by their ids. One request.

    :param ids: the result of :func:`parse_ids`
    :raises Failure: when all are to be read and Zoho does not list them
    """
    try:
        names = names_by_id(list_organizations(client))
    except Failure as failure:
        if ALL in ids:
            raise _cannot_list(failure) if isinstance(failure, (AccessRefused, ResourceMissing)) else failure from None
        logger.info("The organizations cannot be listed, so messages call them by their ids. %s", failure.sentence)
        names = {}
    if ALL not in ids:
        return {each: names.get(each, each) for each in ids}
    if not names:
        only_organization([])
    return names


def check_organizations(client: ApiClient, client_of: Callable[[str], ApiClient], ids: Sequence[str]) -> None:
    """Test that organizations can be read: one request, and one for each named organization.

    :param client_of: returns the client of an organization
    :raises Failure: with a sentence that says which cannot be read, and what to change
    """
    if ALL in ids:
        organizations_to_read(client, ids)
        return
    try:
        organizations = list_organizations(client)
    except (AccessRefused, ResourceMissing):
        organizations = []
    names = names_by_id(organizations)
    foreign = [each for each in ids if names and each not in names]
    if foreign:
        raise foreign_organizations(foreign, organizations)
    refused = [
        (names.get(each, each), failure)
        for each in ids
        if (failure := _try(client_of(each), each, is_listed=each in names)) is not None
    ]
    if refused:
        failure = combined_failure(refused)
        if all(isinstance(each, AccessRefused) for _, each in refused):
            raise AccessRefused(failure.sentence)
        raise failure


def _try(client: ApiClient, organization_id: str, *, is_listed: bool) -> Failure | None:
    """Why an organization cannot be read. If it is listed, a refusal of contacts alone does not count."""
    try:
        ask_for_a_contact(client, organization_id)
    except Failure as failure:
        return None if is_listed and isinstance(failure, (AccessRefused, ResourceMissing)) else failure
    return None


def ask_for_a_contact(client: ApiClient, organization_id: str) -> None:
    """Read one contact, which nearly every token may read."""
    chosen = {"organization_id": organization_id} if organization_id else {}
    client.send(Request("contacts", {**chosen, "page": 1, "per_page": 1}))


def only_organization(organizations: list[Row]) -> str:
    """The id of the only organization. One of several is not picked: it could be the wrong one.

    :raises Failure: when there are none or several
    """
    if not organizations:
        raise config_failure(
            "The Zoho user who made the refresh token belongs to no organization of this product. Let an administrator "
            "of the organization invite the user, or make the refresh token with another user."
        )
    if len(organizations) > 1:
        raise several_organizations(organizations)
    return str(organizations[0].get("organization_id"))


def _cannot_list(refusal: Failure) -> Failure:
    return config_failure(
        f"{refusal.sentence} platform.organization_id is all, but the refresh token may not list organizations. Name "
        "their ids, or make a token whose scopes include settings.READ."
    )

"""The organizations that are read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from airbyte_cdk.models import FailureType

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
from source_invoicing.platforms.zoho.error_handler import foreign_organizations, named, rows_in, several_organizations
from source_invoicing.streams import Row

#: Stands for all ids.
ALL = "all"


def ids_in(option: str) -> tuple[str, ...]:
    """The ids in the option ``organization_id``, each once; :data:`ALL` alone where it is among them."""
    ids = tuple(dict.fromkeys(filter(None, re.split(r"[\s,;]+", option))))
    return (ALL,) if ALL in map(str.lower, ids) else ids


def may_be_several(ids: Sequence[str]) -> bool:
    """Whether :func:`ids_in` names several organizations, or as many as there are."""
    return len(ids) > 1 or ALL in ids


class Organization:
    """An organization that is read: one that was chosen, or the only one there is.

    Safe to use from several threads; Zoho is asked once.

    :ivar chosen: its id, or a blank
    :ivar name: what messages call it, where several are read
    """

    def __init__(self, client: ApiClient, chosen: str, name: str = "") -> None:
        self.chosen = chosen
        self.name = name
        self._client = client
        self._finding_out = threading.Lock()
        self._known = bool(chosen)
        self._id: str | None = chosen or None
        self._failure: Failure | None = None

    def id(self) -> str | None:
        """Its id; ``None`` where only Zoho knows, because the token may not list organizations.

        :raises Failure: when the user has none or several, and none was chosen
        """
        # Each record is stamped with the id, so once it is known no lock is taken.
        if not self._known:
            with self._finding_out:
                if self._failure is not None:
                    raise self._failure
                if not self._known:
                    self._find_out()
        return self._id

    def check(self) -> None:
        """Prove that it can be read. One or two requests.

        :raises Failure: with a sentence that says what to change
        """
        try:
            organizations = listed(self._client)
        except (AccessRefused, ResourceMissing) as refusal:
            try:
                ask_for_a_contact(self._client, self.chosen)
            except ResourceMissing:
                # Why organizations cannot be listed says more.
                raise refusal from None
            return
        if not self.chosen:
            the_only_one(organizations)
        elif self.chosen not in by_id(organizations):
            raise foreign_organizations([self.chosen], organizations)

    def _find_out(self) -> None:
        try:
            self._id = the_only_one(listed(self._client))
        except (AccessRefused, ResourceMissing):
            logger.info("The token may not list organizations. Zoho picks the user's only one.")
        except Failure as failure:
            self._failure = failure
            raise
        self._known = True


def listed(client: ApiClient) -> list[Row]:
    """The user's organizations. https://www.zoho.com/books/api/v3/organizations/ — neither paged nor in need of one."""
    try:
        return client.fetch(Request("organizations"), lambda response: rows_in(response, "organizations"))
    except BadRequest as refusal:
        # A request without parameters cannot be malformed.
        raise AccessRefused(refusal.sentence, FailureType.config_error) from None


def by_id(organizations: Sequence[Row]) -> dict[str, str]:
    """Names of organizations, each with its id, by id."""
    return {str(each.get("organization_id")): named(each) for each in organizations}


def chosen_of_several(client: ApiClient, ids: Sequence[str]) -> dict[str, str]:
    """The organizations to read, their names by their ids. One request.

    :param ids: as :func:`ids_in` gives them
    :raises Failure: when all are to be read, and Zoho does not list them
    """
    try:
        names = by_id(listed(client))
    except Failure as failure:
        if ALL in ids:
            raise _cannot_list(failure) if isinstance(failure, (AccessRefused, ResourceMissing)) else failure from None
        logger.info("The organizations cannot be listed, so messages call them by their ids. %s", failure.sentence)
        names = {}
    if ALL not in ids:
        return {each: names.get(each, each) for each in ids}
    if not names:
        the_only_one([])
    return names


def check_several(client: ApiClient, client_of: Callable[[str], ApiClient], ids: Sequence[str]) -> None:
    """Prove that organizations can be read: one request, and one for each that was named.

    :param client_of: the client of an organization
    :raises Failure: with a sentence that says which cannot be, and what to change
    """
    if ALL in ids:
        chosen_of_several(client, ids)
        return
    try:
        organizations = listed(client)
    except (AccessRefused, ResourceMissing):
        organizations = []
    names = by_id(organizations)
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
            raise AccessRefused(failure.sentence, FailureType.config_error)
        raise failure


def _try(client: ApiClient, organization_id: str, *, is_listed: bool) -> Failure | None:
    """Why an organization cannot be read. Of one that is listed, something else than contacts may be."""
    try:
        ask_for_a_contact(client, organization_id)
    except Failure as failure:
        return None if is_listed and isinstance(failure, (AccessRefused, ResourceMissing)) else failure
    return None


def ask_for_a_contact(client: ApiClient, organization_id: str) -> None:
    """Ask for what every token is likely to cover."""
    chosen = {"organization_id": organization_id} if organization_id else {}
    client.send(Request("contacts", {**chosen, "page": 1, "per_page": 1}))


def the_only_one(organizations: list[Row]) -> str:
    """The id of the only organization. Picking one of several could read the wrong books.

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

"""The organization that is read."""

from __future__ import annotations

import threading

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    AccessRefused,
    ApiClient,
    BadRequest,
    Failure,
    Request,
    ResourceMissing,
    config_failure,
    logger,
)
from source_invoicing.platforms.zoho.errors import foreign_organization, rows_in, several_organizations
from source_invoicing.streams import Row


class Organization:
    """The organization that is read: the configured one, or the only one there is.

    Safe to use from several threads; Zoho is asked once.
    """

    def __init__(self, client: ApiClient, configured: str) -> None:
        """
        :param configured: its id, or a blank
        """
        self._client = client
        self._configured = configured
        self._finding_out = threading.Lock()
        self._known = bool(configured)
        self._id: str | None = configured or None
        self._failure: Failure | None = None

    def id(self) -> str | None:
        """Its id; ``None`` where only Zoho knows, because the token may not list organizations.

        :raises Failure: when the user has none or several, and none was chosen
        """
        # Each record is stamped with the id, so once it is known no lock is taken.
        if not self._known:
            with self._finding_out:
                self._find_out()
        return self._id

    def _find_out(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._known:
            try:
                self._id = self._only_one()
            except Failure as failure:
                self._failure = failure
                raise
            self._known = True

    def check(self) -> None:
        """Prove that it can be read. One or two requests.

        :raises Failure: with a sentence that says what to change
        """
        try:
            organizations = self._list()
        except (AccessRefused, ResourceMissing) as refusal:
            self._ask_for_a_contact(refusal)
            return
        if not self._configured:
            the_only_one(organizations)
        elif self._configured not in (str(organization.get("organization_id")) for organization in organizations):
            raise foreign_organization(self._configured, organizations)

    def _only_one(self) -> str | None:
        try:
            return the_only_one(self._list())
        except (AccessRefused, ResourceMissing):
            logger.info("The token may not list organizations. Zoho picks the user's only one.")
            return None

    def _list(self) -> list[Row]:
        """https://www.zoho.com/books/api/v3/organizations/ — neither paged nor in need of an organization."""
        try:
            return self._client.fetch(Request("organizations"), lambda response: rows_in(response, "organizations"))
        except BadRequest as refusal:
            # A request without parameters cannot be malformed.
            raise AccessRefused(refusal.sentence, FailureType.config_error) from None

    def _ask_for_a_contact(self, refusal: Failure) -> None:
        """:param refusal: why organizations cannot be listed, which says more where contacts are not found either"""
        chosen = {"organization_id": self._configured} if self._configured else {}
        try:
            self._client.send(Request("contacts", {**chosen, "page": 1, "per_page": 1}))
        except ResourceMissing:
            raise refusal from None


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

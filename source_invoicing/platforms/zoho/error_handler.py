"""What a response of Zoho means, by its error code, and the messages for the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import Any

from source_invoicing.http import (
    OK,
    AccessRefused,
    BadRequest,
    Fail,
    Failure,
    LoginRefused,
    MalformedResponse,
    QuotaExhausted,
    RecordMissing,
    ResourceMissing,
    Response,
    Retry,
    StatusErrorHandler,
    UnexpectedResponse,
    Verdict,
    asks_to_wait,
    config_failure,
    describe,
    retry_after,
    transient_failure,
    whole_number,
    without_full_stop,
)
from source_invoicing.platforms.zoho.product import Product
from source_invoicing.streams import Row
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# https://www.zoho.com/accounts/protocol/oauth/token-limits.html, within ten minutes
TOKENS_PER_WINDOW = 10

# https://www.zoho.com/books/api/v3/errors/
INVALID_VALUE, INVALID_URL, INVALID_TOKEN = 2, 5, 14
BLOCKED, PER_MINUTE, PER_DAY, IN_FLIGHT = 43, 44, 45, 1070
UNAUTHORIZED_CODE, NO_SUCH_RECORD = 57, 1002
ORGANIZATION_NEEDED, ORGANIZATION_FOREIGN = 6024, 6041


class InvalidValue(BadRequest):
    """Zoho does not take the value of a parameter."""


# Failures with Zoho's own message, by code and by status.
BY_CODE: Mapping[int | None, type[Failure]] = {
    UNAUTHORIZED_CODE: LoginRefused,
    INVALID_TOKEN: LoginRefused,
    NO_SUCH_RECORD: RecordMissing,
    INVALID_URL: ResourceMissing,
}
BY_STATUS: Mapping[int, type[Failure]] = {
    HTTPStatus.UNAUTHORIZED: LoginRefused,
    HTTPStatus.FORBIDDEN: AccessRefused,
    HTTPStatus.NOT_FOUND: ResourceMissing,
}


def error_text(body: Any) -> str | None:
    """The message of an error body: ``{"code", "message"}``."""
    if not isinstance(body, dict) or not body.get("message"):
        return None
    code = "" if body.get("code") is None else f" (code {body['code']})"
    return f"{without_full_stop(str(body['message']))}{code}"


# A response that is not Zoho's may come from a proxy.
NOT_ZOHO = "Check that platform.base_url, if it is set, is the address of the API."
OVER_LIMITS = (
    "Somebody else may be using up the limits of the organization. Run the sync again later, or with a lower number of "
    "workers; streams that resume go on where they stopped."
)


@dataclass(frozen=True)
class ZohoErrorHandler:
    """Resolves a response by the code in its body, or by its status if there is no code that is known.

    :param product: for messages
    :param organization_id: the configured one, for messages
    """

    product: Product
    organization_id: str

    def _of_others(self, response: Response) -> Verdict:
        """The verdict on a response that need not be Zoho's. Callers give the advice where nothing is found."""
        address = "" if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else "platform.base_url"
        return StatusErrorHandler(self.product.title, error_text, NOT_ZOHO, NOT_ZOHO, address)(response)

    def __call__(self, response: Response) -> Verdict:
        if response.unreadable is not None or not isinstance(response.body, dict):
            return self._rate_limit(response) or self._of_others(response)
        code = _number(response.body.get("code"))
        if response.ok:
            return OK if code in (0, None) else self._by_code(response, code) or self._error_under_success(response)
        return (
            self._by_code(response, code)
            or self._rate_limit(response)
            or self._by_status(response, code)
            or self._of_others(response)
        )

    def _by_code(self, response: Response, code: int | None) -> Verdict | None:
        sentence = self._sentence(response)
        if code == PER_DAY:
            return Fail(
                QuotaExhausted(
                    f"{sentence} The organization's calls of the day are used up; {_reset(response.headers)}. What was "
                    "read is kept, and streams that resume go on where they stopped. Sync less often, or ask Zoho to "
                    "raise the quota."
                )
            )
        after = retry_after(response.headers)
        if code == BLOCKED and after is None:
            return Fail(
                QuotaExhausted(
                    f"{sentence} Zoho has blocked the organization after a burst of calls, for an hour as a rule; "
                    "asking earlier may make it longer. Run the sync again later."
                )
            )
        if code in (BLOCKED, PER_MINUTE, IN_FLIGHT):
            limited = transient_failure(f"{sentence} {OVER_LIMITS}")
            return Retry(limited, after=after, rate_limited=True)
        if code == ORGANIZATION_NEEDED:
            return Fail(several_organizations(response.body.get("error_info") or ()))
        if code == ORGANIZATION_FOREIGN:
            return Fail(foreign_organizations([self.organization_id] if self.organization_id else ()))
        kind = BY_CODE.get(code)
        return Fail(kind(sentence)) if kind else None

    def _rate_limit(self, response: Response) -> Verdict | None:
        """``X-Rate-Limit-Reset`` is the end of the day, by which these limits do not go."""
        if response.status == HTTPStatus.TOO_MANY_REQUESTS or asks_to_wait(response):
            limited = transient_failure(f"{self._sentence(response)} {OVER_LIMITS}")
            return Retry(limited, after=retry_after(response.headers), rate_limited=True)
        return None

    def _by_status(self, response: Response, code: int | None) -> Verdict | None:
        sentence = self._sentence(response)
        if response.status == HTTPStatus.BAD_REQUEST:
            # A parameter that the list does not accept, or a module that is disabled or not in the plan. The codes for
            # the latter are documented for few lists.
            kind = InvalidValue if code == INVALID_VALUE else BadRequest
            return Fail(kind(sentence))
        refused = BY_STATUS.get(response.status)
        return Fail(refused(sentence)) if refused else None

    def _error_under_success(self, response: Response) -> Verdict:
        return Retry(
            UnexpectedResponse(
                f"{self._sentence(response)} Zoho documents no error under this status. Run the sync again; if it "
                "persists, ask Zoho's support about the code."
            )
        )

    def _sentence(self, response: Response) -> str:
        words = error_text(response.body)
        suffix = f": {words}" if words else ""
        return f"{self.product.title} answered HTTP {response.status} for {response.path}{suffix}."


def rows_in(response: Response, *record_keys: str) -> list[Row]:
    """The rows of a list, which are under one key of the body.

    :param record_keys: possible keys, without underscores: some are documented with underscores and come without
    :raises MalformedResponse: if the body does not hold a list there
    """
    body = response.body if isinstance(response.body, dict) else {}
    rows = next((value for key, value in body.items() if key.replace("_", "") in record_keys), None)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        is_bare = isinstance(response.body, list)
        what = "a bare list where an object with the" if is_bare else f"{describe(response.body)} where a"
        raise MalformedResponse(
            f"Zoho answered {response.path} with {what} list of {record_keys[0]} should be. "
            "Run the sync again; if it persists, check that platform.base_url is the address of the API."
        )
    return rows


def several_organizations(organizations: Iterable[Any]) -> Failure:
    """The failure of a user with several organizations who has chosen none."""
    names = _names(organizations)
    return config_failure(
        "platform.organization_id is missing, and the Zoho user belongs to several organizations"
        + (f": {names}" if names else "")
        + ". Set it to the id of the one to read, to several ids with commas between them, or to all."
    )


def foreign_organizations(chosen: Sequence[str], organizations: Iterable[Any] = ()) -> Failure:
    """The failure of a user who does not belong to some of the chosen organizations.

    :param chosen: ids of these organizations; empty if Zoho was to pick the user's only one
    :param organizations: the user's organizations
    """
    if not chosen:
        return config_failure(
            "Zoho says that the user who made the refresh token does not belong to the organization that it picked, "
            "since platform.organization_id is not set. Set it to the id of the organization to read, and let its "
            "administrator invite the user if the user is not in it."
        )
    names = _names(organizations)
    what = "an organization" if len(chosen) == 1 else "organizations"
    return config_failure(
        f"platform.organization_id names {' and '.join(chosen)}, {what} that the Zoho user who made the refresh token "
        "does not belong to. "
        + (f"Choose from {names}." if names else "Set it to the ids of the user's organizations, or to all.")
    )


def _names(organizations: Iterable[Any]) -> str:
    return ", ".join(label(each) for each in organizations if isinstance(each, Mapping))


def label(organization: Mapping[str, Any]) -> str:
    """Name and id of an organization, for messages."""
    return f"{organization.get('name') or 'without a name'} ({organization.get('organization_id')})"


def token_refusal(data_center: str, host: str, error: str, description: str) -> Failure:
    """Why the token endpoint issues no token. https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token.html

    A wrong data center has no error code: it does not know clients or tokens of another one.
    """
    words = f"{error}: {description}" if description else error
    name = error.strip().lower().replace(" ", "_")
    if name == "invalid_client":
        return LoginRefused(
            f"Zoho does not know this client at {host} ({words}). Check platform.client_id and platform.client_secret, "
            f"and that platform.data_center ({data_center}) is the one where the client was registered."
        )
    if name in ("invalid_code", "invalid_grant", "invalid_token", "invalid_refresh_token"):
        return LoginRefused(
            f"Zoho does not accept the refresh token at {host} ({words}). It was revoked, belongs to another client, "
            f"or was made in another data center than platform.data_center ({data_center}). Make a new one and put it "
            "into platform.refresh_token."
        )
    if name == "access_denied" or "too many" in description.lower():
        return QuotaExhausted(
            f"Zoho issues no more access tokens for a while ({words}): more than {TOKENS_PER_WINDOW} were asked for "
            "within ten minutes, by all users of this refresh token together. Wait ten minutes, then run the sync "
            "again; asking earlier makes the wait longer."
        )
    return LoginRefused(
        f"Zoho issues no access token at {host} ({words}). Check platform.client_id, platform.client_secret, "
        f"platform.refresh_token and platform.data_center ({data_center})."
    )


def _number(code: Any) -> int | None:
    try:
        return int(code)
    except (TypeError, ValueError):
        return None


def _reset(headers: Mapping[str, str]) -> str:
    """When the daily quota is renewed: ``X-Rate-Limit-Reset`` holds seconds, and not every account gets it."""
    seconds = whole_number(headers.get("X-Rate-Limit-Reset", ""))
    if seconds is None or seconds > SECONDS_PER_DAY:
        return "they are renewed at midnight in the organization's time zone"
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return f"they are renewed at {at:%Y-%m-%d %H:%M} UTC, in {seconds} seconds"

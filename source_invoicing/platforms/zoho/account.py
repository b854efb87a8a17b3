"""An account at Zoho: data centre, token, organisation, limits and errors. The same for every product."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    AccessRefused,
    AccessToken,
    BadRequest,
    Fail,
    Failure,
    LoginRefused,
    OAuthClient,
    QuotaExhausted,
    Request,
    ResourceMissing,
    Response,
    Retry,
    StatusErrorHandler,
    UnexpectedResponse,
    Verdict,
    config_failure,
    transient_failure,
    whole_number,
)
from source_invoicing.http.error_handler import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    OK,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    Ok,
    inside_a_sentence,
)
from source_invoicing.http.retry import retry_after
from source_invoicing.streams import Account, Row
from source_invoicing.streams.account import SECONDS_PER_DAY

logger = logging.getLogger("airbyte.source_invoicing")


@dataclass(frozen=True)
class Product:
    """One of Zoho's products.

    :param title: its name for people
    :param path: its name in the paths of the API
    :param scope: its name in OAuth scopes
    """

    title: str
    path: str
    scope: str

    def root(self, host: str) -> str:
        """Where the product's API lives on a host, which may name that place already."""
        root = f"/{self.path}/v3"
        host = host.rstrip("/")
        return host if host.endswith(root) else host + root


@dataclass(frozen=True)
class DataCenter:
    """Where an account lives. Nothing of it is known in another data centre."""

    accounts: str
    api: str


# https://www.zoho.com/books/api/v3/introduction/#multiple-data-centers
# https://www.zoho.com/accounts/protocol/oauth/multi-dc.html
DATA_CENTERS: Mapping[str, DataCenter] = {
    "us": DataCenter("https://accounts.zoho.com", "https://www.zohoapis.com"),
    "eu": DataCenter("https://accounts.zoho.eu", "https://www.zohoapis.eu"),
    "in": DataCenter("https://accounts.zoho.in", "https://www.zohoapis.in"),
    "au": DataCenter("https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
    "jp": DataCenter("https://accounts.zoho.jp", "https://www.zohoapis.jp"),
    # The only one whose two hosts end differently.
    "ca": DataCenter("https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
    "cn": DataCenter("https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    "sa": DataCenter("https://accounts.zoho.sa", "https://www.zohoapis.sa"),
    "uk": DataCenter("https://accounts.zoho.uk", "https://www.zohoapis.uk"),
}
TOKEN_PATH = "/oauth/v2/token"
# https://www.zoho.com/accounts/protocol/oauth/token-limits.html
TOKENS_PER_WINDOW = 10
TOKEN_WINDOW = 600.0
# https://www.zoho.com/books/api/v3/introduction/#api-call-limit, per organisation
CALLS_PER_MINUTE = 100
API_HOST = re.compile(r"www\.zohoapis\.[a-z]{2,3}(\.[a-z]{2})?")

# https://www.zoho.com/books/api/v3/errors/
INVALID_URL, INVALID_TOKEN = 5, 14
BLOCKED, PER_MINUTE, PER_DAY, IN_FLIGHT = 43, 44, 45, 1070
UNAUTHORIZED_CODE, NO_SUCH_RECORD = 57, 1002
ORGANIZATION_NEEDED, ORGANIZATION_FOREIGN = 6024, 6041


@dataclass(frozen=True)
class ZohoAccount(Account):
    """See :class:`Account`.

    :param organization: the one that is read
    """

    client: ZohoClient
    product: Product
    organization: Organization


class ZohoClient(OAuthClient):
    """The client of an account. It reaches the API where the token endpoint says, unless told where."""

    def __init__(
        self, *, product: Product, follows: str | None, error_handler: ZohoErrorHandler, **options: Any
    ) -> None:
        """
        :param error_handler: also asked by requests that expect more of an answer
        :param follows: address of the token endpoint whose ``api_domain`` says where the API is; ``None``: it stays
            where it is
        """
        super().__init__(scheme="Zoho-oauthtoken", error_handler=error_handler, **options)
        self.error_handler = error_handler
        self._product = product
        self._follows = follows

    def send(self, request: Request) -> Response:
        """See :class:`OAuthClient`."""
        self._follow(self.tokens.current())
        return super().send(request)

    def _follow(self, token: AccessToken) -> None:
        domain = token.extra.get("api_domain")
        if self._follows is None or not isinstance(domain, str):
            return
        if is_zoho(domain, self._follows):
            self.base_url = self._product.root(domain)
        else:
            logger.warning("The token endpoint names an API outside of Zoho. It is left aside.")
        self._follows = None


def is_zoho(api_domain: str, token_url: str) -> bool:
    """Whether the token may be sent there: one of Zoho's API hosts, or the host that issued it."""
    parts = urlsplit(api_domain)
    return parts.netloc == urlsplit(token_url).netloc or (
        parts.scheme == "https" and API_HOST.fullmatch(parts.netloc) is not None
    )


class Organization:
    """The organisation that is read: the configured one, or the only one there is.

    Safe to use from several threads; Zoho is asked once.
    """

    def __init__(self, client: ZohoClient, configured: str) -> None:
        """
        :param configured: its id, or a blank
        """
        self._client = client
        self._configured = configured
        self._lock = threading.Lock()
        self._known = bool(configured)
        self._id: str | None = configured or None
        self._failure: Failure | None = None

    def id(self) -> str | None:
        """Its id; ``None`` where only Zoho knows, because the token may not list organisations.

        :raises Failure: when the user has none or several, and none was chosen
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if not self._known:
                try:
                    self._id = self._only_one()
                except Failure as failure:
                    self._failure = failure
                    raise
                self._known = True
            return self._id

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
        """https://www.zoho.com/books/api/v3/organizations/ — neither paged nor in need of an organisation."""
        error_handler = ListErrorHandler(self._client.error_handler, "organizations")
        try:
            response = self._client.send(Request("organizations", error_handler=error_handler))
        except BadRequest as refusal:
            # A question without parameters cannot be asked wrongly.
            raise AccessRefused(refusal.sentence, FailureType.config_error) from None
        return rows_in(response, "organizations")

    def _ask_for_a_contact(self, refusal: Failure) -> None:
        """:param refusal: why organizations cannot be listed, which says more where contacts are not found either"""
        chosen = {"organization_id": self._configured} if self._configured else {}
        try:
            self._client.send(Request("contacts", {**chosen, "page": 1, "per_page": 1}))
        except ResourceMissing:
            raise refusal from None


def the_only_one(organizations: list[Row]) -> str:
    """The id of the only organisation. Picking one of several would read somebody else's books.

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


def several_organizations(organizations: Iterable[Any]) -> Failure:
    """The failure of a user with several organisations and no choice among them."""
    names = list_of(organizations)
    return config_failure(
        "platform.organization_id is missing, and the Zoho user belongs to several organizations"
        + (f": {names}. Set it to the id of the one to read." if names else ". Set it to the id of the one to read.")
    )


def foreign_organization(chosen: str, organizations: Iterable[Any] = ()) -> Failure:
    """The failure of a user who does not belong to the chosen organisation."""
    names = list_of(organizations)
    return config_failure(
        f"platform.organization_id is {chosen or 'blank'}, an organization that the Zoho user who made the refresh "
        "token does not belong to. "
        + (f"Choose one of {names}." if names else "Set it to the id of one of the user's organizations.")
    )


def list_of(organizations: Iterable[Any]) -> str:
    """Organisations by name and id."""
    return ", ".join(
        f"{each.get('name') or 'without a name'} ({each.get('organization_id')})"
        for each in organizations
        if isinstance(each, Mapping)
    )


def token_refusal(data_center: str, host: str, error: str, description: str) -> Failure:
    """Why the token endpoint issues no token. https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token.html

    A wrong data centre has no error of its own: nothing that was made elsewhere is known there.
    """
    told = f"{error}: {description}" if description else error
    name = error.strip().lower().replace(" ", "_")
    if name == "invalid_client":
        return LoginRefused(
            f"Zoho does not know this client at {host} ({told}). Check platform.client_id and platform.client_secret, "
            f"and that platform.data_center ({data_center}) is the one where the client was registered.",
            FailureType.config_error,
        )
    if name in ("invalid_code", "invalid_grant", "invalid_token", "invalid_refresh_token"):
        return LoginRefused(
            f"Zoho does not accept the refresh token at {host} ({told}). It was revoked, belongs to another client, or "
            f"was made in another data center than platform.data_center ({data_center}). Make a new one and put it "
            "into platform.refresh_token.",
            FailureType.config_error,
        )
    if name == "access_denied" or "too many" in description.lower():
        return transient_failure(
            f"Zoho issues no more access tokens for a while ({told}): more than {TOKENS_PER_WINDOW} were asked for "
            "within ten minutes, by all users of this refresh token together. Wait ten minutes, then run the sync "
            "again; asking earlier makes the wait longer."
        )
    return LoginRefused(
        f"Zoho issues no access token at {host} ({told}). Check platform.client_id, platform.client_secret, "
        f"platform.refresh_token and platform.data_center ({data_center}).",
        FailureType.config_error,
    )


def error_text(body: Any) -> str | None:
    """The words of an error body: ``{"code", "message"}``."""
    if not isinstance(body, dict) or not body.get("message"):
        return None
    code = "" if body.get("code") is None else f" (code {body['code']})"
    return f"{inside_a_sentence(str(body['message']))}{code}"


# Where an answer is none of Zoho's, it may come from something in front of it.
NOT_ZOHO = "Check that platform.base_url, if it is set, is the address of the API."


@dataclass(frozen=True)
class ZohoErrorHandler:
    """Judges an answer by the code in its body first, and by its status where the code says nothing.

    :param product: for messages
    :param organization_id: the configured one, for messages
    """

    product: Product
    organization_id: str

    def __call__(self, response: Response) -> Verdict:
        by_status = StatusErrorHandler(self.product.title, error_text, NOT_ZOHO, NOT_ZOHO)
        if response.unreadable is not None or not isinstance(response.body, dict):
            return by_status(response)
        code = _number(response.body.get("code"))
        if response.ok:
            return OK if code in (0, None) else self._by_code(response, code) or self._strange(response)
        return self._by_code(response, code) or self._by_status(response) or by_status(response)

    def _by_code(self, response: Response, code: int | None) -> Verdict | None:
        told = self._told(response)
        if code == PER_DAY:
            return Fail(
                QuotaExhausted(
                    f"{told} The organization's calls of the day are used up; {_reset(response.headers)}. What was "
                    "read is kept, and streams that resume go on where they stopped. Sync less often, or ask Zoho to "
                    "raise the quota.",
                    FailureType.transient_error,
                )
            )
        after = retry_after(response.headers)
        if code == BLOCKED and after is None:
            return Fail(
                QuotaExhausted(
                    f"{told} Zoho has blocked the organization after a burst of calls, for an hour as a rule; asking "
                    "earlier may make it longer. Run the sync again later.",
                    FailureType.transient_error,
                )
            )
        if code in (BLOCKED, PER_MINUTE, IN_FLIGHT):
            limited = transient_failure(
                f"{told} Somebody else may be using up the limits of the organization. Run the sync again later, or "
                "with a lower number of workers; streams that resume go on where they stopped."
            )
            return Retry(limited, after=after, rate_limited=True)
        if code in (UNAUTHORIZED_CODE, INVALID_TOKEN):
            return Fail(LoginRefused(told, FailureType.config_error))
        if code == ORGANIZATION_NEEDED:
            return Fail(several_organizations(response.body.get("error_info") or ()))
        if code == ORGANIZATION_FOREIGN:
            return Fail(foreign_organization(self.organization_id))
        if code in (INVALID_URL, NO_SUCH_RECORD):
            return Fail(ResourceMissing(told, FailureType.config_error))
        return None

    def _by_status(self, response: Response) -> Verdict | None:
        told = self._told(response)
        if response.status == UNAUTHORIZED:
            return Fail(LoginRefused(told, FailureType.config_error))
        if response.status == FORBIDDEN:
            return Fail(AccessRefused(told, FailureType.config_error))
        if response.status == NOT_FOUND:
            return Fail(ResourceMissing(told, FailureType.config_error))
        if response.status == BAD_REQUEST:
            # A parameter that a list does not take, or a module that is switched off or not in the plan: which codes
            # they have is documented for few lists.
            return Fail(BadRequest(told, FailureType.system_error))
        if response.status == TOO_MANY_REQUESTS:
            return Retry(transient_failure(told), after=retry_after(response.headers), rate_limited=True)
        return None

    def _strange(self, response: Response) -> Verdict:
        """An error under HTTP 200."""
        return Retry(
            UnexpectedResponse(
                f"{self._told(response)} An error that comes with a success is none that Zoho documents. Run it again; "
                "if this stays, ask Zoho's support about the code.",
                FailureType.transient_error,
            )
        )

    def _told(self, response: Response) -> str:
        said = error_text(response.body)
        return f"{self.product.title} answered HTTP {response.status} for {response.path}{f': {said}' if said else ''}."


@dataclass(frozen=True)
class ListErrorHandler:
    """Judges the answer to a request for a list: one that holds none may be another one next time.

    :param error_handler: what to think of it otherwise
    :param record_key: see :func:`rows_in`
    """

    error_handler: ZohoErrorHandler
    record_key: str

    def __call__(self, response: Response) -> Verdict:
        verdict = self.error_handler(response)
        if isinstance(verdict, Ok):
            try:
                rows_in(response, self.record_key)
            except UnexpectedResponse as surprise:
                return Retry(surprise)
        return verdict


def rows_in(response: Response, record_key: str) -> list[Row]:
    """The rows of a list, which stand under a key of their own.

    :param record_key: spelt without underscores, since some lists are documented with and answer without them
    :raises UnexpectedResponse: where there is no list
    """
    body = response.body if isinstance(response.body, dict) else {}
    rows = next((value for key, value in body.items() if key.replace("_", "") == record_key), None)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnexpectedResponse(
            f"Zoho answered {response.path} with {_describe(response.body)} where a list of {record_key} should be. "
            "Run the sync again; if this stays, check that base_url is the address of the API.",
            FailureType.transient_error,
        )
    return rows


def _describe(body: object) -> str:
    if isinstance(body, dict):
        return f"an object with the keys {', '.join(sorted(map(str, body))) or '(none)'}"
    return "a list" if isinstance(body, list) else "a single value"


def _number(code: Any) -> int | None:
    try:
        return int(code)
    except (TypeError, ValueError):
        return None


def _reset(headers: Mapping[str, str]) -> str:
    """When the quota of the day is renewed: ``X-Rate-Limit-Reset`` holds seconds, and not every account gets it."""
    seconds = whole_number(headers.get("X-Rate-Limit-Reset", "").strip())
    if seconds is None or seconds > SECONDS_PER_DAY:
        return "they are renewed at midnight in the organization's time zone"
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return f"they are renewed at {at:%Y-%m-%d %H:%M} UTC, in {seconds} seconds"

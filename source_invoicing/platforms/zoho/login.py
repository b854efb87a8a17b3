"""Turns a code from the API console into a configuration. https://www.zoho.com/accounts/protocol/oauth/self-client/overview.html"""

from __future__ import annotations

from collections.abc import Callable

from source_invoicing.config import Fields
from source_invoicing.http import (
    AccessRefused,
    ApiClient,
    Failure,
    ResourceMissing,
    RetryPolicy,
    config_failure,
)
from source_invoicing.platforms.zoho.account import access_tokens
from source_invoicing.platforms.zoho.error_handler import label, token_refusal
from source_invoicing.platforms.zoho.organization import list_organizations, only_organization
from source_invoicing.platforms.zoho.product import DATA_CENTERS, token_endpoint

SECRETS = ("client_id", "client_secret", "code")
WHERE_IT_IS = "The API console of your data center (api-console.zoho.com and the like) shows it."


def exchange_code(options: Fields) -> dict[str, str]:
    """Exchange a code for a refresh token: the options of a configuration with that token.

    :param options: :data:`SECRETS`, ``data_center``, ``token_url``, ``base_url``
    :raises Failure: when Zoho gives none
    """
    data_center = options.choice("data_center", DATA_CENTERS, default="us")
    client_id, client_secret, code = (options.text(name, why=_where_to_get(name)) for name in SECRETS)
    addresses = {name: address for name in ("base_url", "token_url") if (address := options.url(name, default=""))}
    token_url = token_endpoint(addresses.get("token_url", DATA_CENTERS[data_center].accounts))
    client = {"client_id": client_id, "client_secret": client_secret}
    form = {"grant_type": "authorization_code", **client, "code": code}
    tokens = access_tokens(form, data_center, token_url, _refusal, RetryPolicy.for_check())
    refresh_token = tokens.current().extra.get("refresh_token")
    tokens.close()
    if not isinstance(refresh_token, str) or not refresh_token:
        raise config_failure(
            "Zoho took the code and gave no refresh token. Use the code of a Self Client; another client has to ask "
            "for its code with access_type=offline and prompt=consent."
        )
    return {**client, "refresh_token": refresh_token, "data_center": data_center, **addresses}


def organization(client: ApiClient, check: Callable[[], None]) -> tuple[str, str]:
    """The id of the user's organization, or an empty text if there are several, and a sentence about it.

    :param check: tests the account if the token may not list organizations
    :raises Failure: when there is none, or the token does not work
    """
    try:
        rows = list_organizations(client)
    except (AccessRefused, ResourceMissing):
        check()
        return "", (
            "The refresh token works, but may not list organizations: its scopes lack settings.READ. Zoho picks the "
            "user's only one. If there are several, set platform.organization_id."
        )
    if len(rows) > 1:
        return "", (
            f"The refresh token works. The user belongs to several organizations: {', '.join(map(label, rows))}. Set "
            "platform.organization_id to the id of the one to read, to several ids with commas between them, or to all."
        )
    return only_organization(rows), f"The refresh token works. The organization is {label(rows[0])}."


def with_code_used(failure: Failure) -> Failure:
    """A failure after the code was exchanged."""
    return failure.reworded(f"{failure.sentence} The code has been used up: generate a new one to log in again.")


def _where_to_get(name: str) -> str:
    flag, variable = name.replace("_", "-"), f"SOURCE_INVOICING_{name.upper()}"
    return f"{WHERE_IT_IS} Give it as --{flag}, as the environment variable {variable}, or at a terminal."


def _refusal(data_center: str, host: str, error: str, description: str) -> Failure:
    """Why a code is refused. A wrong data center knows neither the client nor the code, and may refuse either."""
    words = f"{error}: {description}" if description else error
    another = (
        f"made in another data center than {data_center}: the ending of the address in your browser when you use Zoho "
        "tells which it is (--data-center)"
    )
    if error == "invalid_client":
        return config_failure(
            f"Zoho does not know this client at {host} ({words}). Client ID or client secret are wrong, or were "
            f"{another}. Copy both from the API console of that data center."
        )
    if error == "invalid_code":
        return config_failure(
            f"Zoho does not accept the code at {host} ({words}). It was used before, is older than the minutes it is "
            f"good for, belongs to another client, or was {another}. Generate a new one in the API console."
        )
    return token_refusal(data_center, host, error, description)

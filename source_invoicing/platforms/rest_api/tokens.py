"""Access tokens of the API that the configuration describes."""

from __future__ import annotations

from collections.abc import Callable

from airbyte_cdk.models import FailureType

from source_invoicing.http import AccessTokens, Failure, LoginRefused, same_origin
from source_invoicing.platforms.rest_api.credentials import REFRESH_TOKEN, OAuth
from source_invoicing.platforms.rest_api.options import Options

# A server that refuses tokens as fast as it issues them is not asked for ever.
MOST_TOKENS = 20
TOKEN_WINDOW = 600.0


def token_source(options: Options, credentials: OAuth, on_rotation: Callable[[str], None]) -> AccessTokens:
    """What issues the access tokens of an account.

    :param on_rotation: called with each refresh token that takes the place of the one before
    """
    is_same_host = same_origin(credentials.token_url, options.base_url)
    renews = credentials.grant == REFRESH_TOKEN
    return AccessTokens(
        vendor="The token server (platform.auth.token_url)",
        token_url=credentials.token_url,
        form=credentials.form,
        refusal=refusal_of_a_refresh_token if renews else refusal_of_the_client,
        most_requests=MOST_TOKENS,
        per_seconds=TOKEN_WINDOW,
        options="platform.auth",
        auth=credentials.client,
        headers=dict(options.secret_headers) if is_same_host else None,
        on_rotation=on_rotation if renews else None,
    )


def refusal_of_a_refresh_token(error: str, description: str) -> Failure:
    """Why the token server issues no token (RFC 6749, section 5.2)."""
    return LoginRefused(
        f"The token server (platform.auth.token_url) refused the refresh token ({_reason(error, description)}). Check "
        "platform.auth.client_id, client_secret and refresh_token; a refresh token that was withdrawn or used up has "
        "to be made anew.",
        FailureType.config_error,
    )


def refusal_of_the_client(error: str, description: str) -> Failure:
    """Why the token server issues no token for the client's own credentials."""
    return LoginRefused(
        f"The token server (platform.auth.token_url) refused the client ({_reason(error, description)}). Check "
        "platform.auth.client_id, client_secret, scope, token_params and client_auth (body or basic).",
        FailureType.config_error,
    )


def _reason(error: str, description: str) -> str:
    return f"{error}: {description}" if description else error

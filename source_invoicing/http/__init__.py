"""How one request is made well: authentication, retries, quotas, time-outs, messages. Knows no stream."""

from source_invoicing.http.answer import Answer, ApiRequest, whole_number
from source_invoicing.http.auth import BasicAuth
from source_invoicing.http.budget import Budget
from source_invoicing.http.client import ApiClient, Patience
from source_invoicing.http.failures import (
    AbandonedError,
    AccessRefused,
    BadRequest,
    Failure,
    HostUnreachable,
    LoginRefused,
    QuotaExhausted,
    ResourceMissing,
    UnexpectedAnswer,
    config_failure,
    system_failure,
    transient_failure,
)
from source_invoicing.http.oauth import AccessToken, AccessTokens, OAuthClient
from source_invoicing.http.quota import Quota
from source_invoicing.http.verdict import Fail, Ok, Retry, StatusJudge, Verdict
from source_invoicing.http.waiting import heartbeat

__all__ = [
    "AbandonedError",
    "AccessRefused",
    "AccessToken",
    "AccessTokens",
    "Answer",
    "ApiClient",
    "ApiRequest",
    "BadRequest",
    "BasicAuth",
    "Budget",
    "Fail",
    "Failure",
    "HostUnreachable",
    "LoginRefused",
    "OAuthClient",
    "Ok",
    "Patience",
    "Quota",
    "QuotaExhausted",
    "ResourceMissing",
    "Retry",
    "StatusJudge",
    "UnexpectedAnswer",
    "Verdict",
    "config_failure",
    "heartbeat",
    "system_failure",
    "transient_failure",
    "whole_number",
]

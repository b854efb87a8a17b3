"""How one request is made well: authentication, retries, quotas, time-outs, messages. Knows no stream."""

from source_invoicing.http.auth import BasicAuth
from source_invoicing.http.client import ApiClient, RetryPolicy
from source_invoicing.http.error_handler import Fail, Ok, Retry, StatusErrorHandler, Verdict
from source_invoicing.http.errors import (
    AccessRefused,
    BadRequest,
    Cancelled,
    Failure,
    HostUnreachable,
    LoginRefused,
    MalformedResponse,
    QuotaExhausted,
    ResourceMissing,
    UnexpectedResponse,
    config_failure,
    system_failure,
    transient_failure,
)
from source_invoicing.http.heartbeat import heartbeat
from source_invoicing.http.oauth import AccessToken, AccessTokens, OAuthClient
from source_invoicing.http.rate_limit import CallBudget, RateLimiter
from source_invoicing.http.response import Request, Response, whole_number

__all__ = [
    "AccessRefused",
    "AccessToken",
    "AccessTokens",
    "ApiClient",
    "BadRequest",
    "BasicAuth",
    "CallBudget",
    "Cancelled",
    "Fail",
    "Failure",
    "HostUnreachable",
    "LoginRefused",
    "MalformedResponse",
    "OAuthClient",
    "Ok",
    "QuotaExhausted",
    "RateLimiter",
    "Request",
    "ResourceMissing",
    "Response",
    "Retry",
    "RetryPolicy",
    "StatusErrorHandler",
    "UnexpectedResponse",
    "Verdict",
    "config_failure",
    "heartbeat",
    "system_failure",
    "transient_failure",
    "whole_number",
]

"""How one request is made well: authentication, retries, quotas, time-outs, messages. Knows no stream."""

from source_invoicing.http.answer import Answer, ApiRequest
from source_invoicing.http.auth import BasicAuth
from source_invoicing.http.client import ApiClient, Patience
from source_invoicing.http.failures import (
    AccessRefused,
    BadRequest,
    Failure,
    HostUnreachable,
    LoginRefused,
    ResourceMissing,
    UnexpectedAnswer,
    config_failure,
    system_failure,
    transient_failure,
)
from source_invoicing.http.quota import Budget, Quota
from source_invoicing.http.verdict import Fail, Ok, Retry, StatusJudge, Verdict

__all__ = [
    "AccessRefused",
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
    "Ok",
    "Patience",
    "Quota",
    "ResourceMissing",
    "Retry",
    "StatusJudge",
    "UnexpectedAnswer",
    "Verdict",
    "config_failure",
    "system_failure",
    "transient_failure",
]

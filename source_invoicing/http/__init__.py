"""How one request is made well: authentication, retries, rate limits, time-outs, messages. Knows no stream."""

from source_invoicing.http.addresses import join_url, same_origin
from source_invoicing.http.auth import ApiKeyAuth, Auth, BasicAuth
from source_invoicing.http.client import ApiClient
from source_invoicing.http.error_handler import (
    LIMIT_HINT_OF_CHECK,
    OK,
    Fail,
    Ok,
    Retry,
    StatusErrorHandler,
    Verdict,
    asks_to_wait,
    without_full_stop,
)
from source_invoicing.http.errors import (
    ENDS_ALL,
    AccessRefused,
    BadRequest,
    Cancelled,
    Failure,
    HostUnreachable,
    LoginRefused,
    MalformedResponse,
    QuotaExhausted,
    RecordMissing,
    ResourceMissing,
    UnexpectedResponse,
    combined_failure,
    config_failure,
    most_severe,
    transient_failure,
)
from source_invoicing.http.log import heartbeat, logger
from source_invoicing.http.oauth import AccessToken, AccessTokens, TokenAuth
from source_invoicing.http.rate_limit import CallBudget, RateLimiter
from source_invoicing.http.request import Request
from source_invoicing.http.response import Response, describe, whole_number
from source_invoicing.http.retry import RetryPolicy, retry_after
from source_invoicing.http.secrets import excerpt, forget_secrets, mask, mask_with_scheme, without_links

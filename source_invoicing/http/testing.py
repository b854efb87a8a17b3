"""Environment variables for tests: factors for durations that are too long to wait for. Unset in production."""

from __future__ import annotations

import os

#: For the waits between tries.
BACKOFF_SCALE = "SOURCE_INVOICING_BACKOFF_SCALE"
#: For the time-outs of a request.
TIMEOUT_SCALE = "SOURCE_INVOICING_TIMEOUT_SCALE"
#: For the windows in which calls are counted.
BUDGET_SCALE = "SOURCE_INVOICING_BUDGET_SCALE"
#: For how long a wait may be silent.
HEARTBEAT_SCALE = "SOURCE_INVOICING_HEARTBEAT_SCALE"


def testing_scale(name: str) -> float:
    """The factor in an environment variable, such as 0.01 for a hundredth of each duration; 1 if it is not set."""
    return float(os.environ.get(name, "1"))

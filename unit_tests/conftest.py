"""No test sees the secrets of another one. Made-up examples are the same in each run, so that a failure is the work of
a change.

With ``SOURCE_INVOICING_FUZZ`` in the environment, as for the fuzz tests, each run tries others.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from source_invoicing.http import forget_secrets

settings.register_profile("the same each time", derandomize=True)
if not os.environ.get("SOURCE_INVOICING_FUZZ"):
    settings.load_profile("the same each time")


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> None:
    forget_secrets()

"""How examples are made up: the same ones in each run, so that a failure is the work of a change.

With ``SOURCE_INVOICING_FUZZ`` in the environment, as for the fuzz tests, each run tries others.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("the same each time", derandomize=True)
if not os.environ.get("SOURCE_INVOICING_FUZZ"):
    settings.load_profile("the same each time")

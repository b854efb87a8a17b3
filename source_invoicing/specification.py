"""The form that the user fills in: ``spec.yaml``. Imports nothing that takes time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("spec.yaml")


@cache
def specification() -> Any:
    """The specification that ``spec`` shows, without the message around it. Callers must not change it."""
    # libyaml is ten times as fast; not every build of the parser has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(FILE.read_bytes(), Loader=loader)

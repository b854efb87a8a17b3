"""The commands of the protocol, and the form that the user fills in. Imports nothing slow."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

#: Commands of the protocol, and what they do.
PROTOCOL = {
    "spec": "print the form that a configuration fills in",
    "check": "try a configuration",
    "discover": "print the streams of an account, and their schemas",
    "read": "read streams, and print their records and states",
}
FILE = Path(__file__).with_name("spec.yaml")


@cache
def specification() -> Any:
    """The specification that ``spec`` prints, without the message around it. Callers must not change it."""
    # libyaml is ten times as fast, but not every build of the parser has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(FILE.read_bytes(), Loader=loader)

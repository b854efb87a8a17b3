"""How Zoho says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The request is answered with an error; ``details`` go into the body beside code and message."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.details = dict(headers or {}), dict(details or {})


def invalid(parameter: str) -> Refused:
    """A parameter whose value makes no sense."""
    return Refused(400, 2, f"Invalid value passed for {parameter}")


def refused_stream(status: str) -> Refused:
    """A list, or the details of its rows, that the account cannot read; with 401 unless a status is given."""
    if status == "404":
        return Refused(404, 5, "Invalid URL passed")
    return Refused(int(status or 401), 57, "You are not authorized to perform this operation")

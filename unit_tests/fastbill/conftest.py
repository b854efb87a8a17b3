"""Fixtures: a server of canned responses, and no waiting between tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests_mock


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0.0001")


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker

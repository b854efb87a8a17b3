"""Fixtures: a server of canned responses, and no waiting between tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests_mock

from unit_tests.zoho.helpers import Mock


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")
    with requests_mock.Mocker() as mocker:
        yield mocker

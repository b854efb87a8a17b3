"""The products that ship: each file is one that the loader understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_invoicing import SourceInvoicing
from source_invoicing.platforms.rest_api.products import FOLDER, FORM_DEFAULTS, Product, names
from unit_tests.rest_api.product_file import complaints
from unit_tests.rest_api.test_form import offered

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rest-api.md").read_text(encoding="utf-8")
DOCUMENTED = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
MAX_LINES = 400
MARK = "# From the vendor's documentation"
BROKEN = """\
title: Example
docs: [https://docs.example.com]
hint: Settings, API.
platform:
  base_url: https://api.example.com
  auth:
    type: bearer
  streams:
    - name: invoices
      path: /invoices
defaults:
  pagination:
    type: page
    size: 100
"""


@pytest.mark.parametrize("name", names())
def test_the_loader_understands_the_file(name: str) -> None:
    assert list(complaints(name, (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", names())
def test_a_file_says_where_its_facts_are_from(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    product = Product.load(name)

    assert text.startswith(MARK)
    assert "not tried with an account." in text.partition("\n")[0]
    assert re.search(r"^#.*https://", text, re.MULTILINE)
    assert product.docs
    assert all(address.startswith("https://") for address in product.docs)
    assert "base_url" in product.platform or "base_url" in product.hint
    assert len(text.splitlines()) < MAX_LINES
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("type: bearer", "type: [bearer", "line 8: "),
        ("    type: bearer", "    type: token", r"line 7: platform\.auth\.type should be one of"),
        ("title: Example\n", "", "line 1: .*title"),
        ("hint:", "hnit:", "line 1: .*hnit"),
        ("path: /invoices", "path: /invoices?x=1", r"line 10: platform\.streams\[0\]\.path should hold no query"),
        ("path: /invoices", "pfad: /invoices", r"line 9: platform\.streams\[0\]\.path is missing"),
        ("    size: 100", "    size: many", r"line 14: platform\.streams\[0\]\.pagination\.size should be a whole"),
        ("    size: 100", "    sise: 100", r"line 14: platform\.streams\[0\]\.pagination\.sise is not known"),
    ],
)
def test_a_broken_file_is_told_with_its_line(before: str, after: str, complaint: str) -> None:
    assert before in BROKEN
    (found,) = complaints("example", BROKEN.replace(before, after))

    assert re.match(rf"example\.yaml, {complaint}", found), found


def test_a_sound_file_is_not_complained_about() -> None:
    assert list(complaints("example", BROKEN)) == []


@pytest.mark.parametrize("block", DOCUMENTED, ids=range(len(DOCUMENTED)))
def test_each_configuration_of_the_page_is_understood(block: str, caplog: pytest.LogCaptureFixture) -> None:
    values = json.loads(block)
    Draft7Validator(offered()).validate(values["platform"])

    assert SourceInvoicing().streams(values)
    assert caplog.records == []


def test_the_form_offers_each_product() -> None:
    assert offered()["properties"]["product"]["enum"] == ["", *names()]


def test_what_a_form_fills_in_is_what_is_taken_for_no_wish() -> None:
    filled_in: dict[str, Any] = {}
    for option in offered()["properties"]["auth"]["oneOf"]:
        filled_in |= {name: field["default"] for name, field in option["properties"].items() if "default" in field}
    del filled_in["type"]

    assert filled_in == FORM_DEFAULTS


def test_the_files_are_in_the_package() -> None:
    core = pytest.importorskip("poetry.core.factory")
    wheel = pytest.importorskip("poetry.core.masonry.builders.wheel")
    files = {file.path for file in wheel.WheelBuilder(core.Factory().create_poetry(ROOT)).find_files_to_add()}

    assert {FOLDER / f"{name}.yaml" for name in names()} <= files

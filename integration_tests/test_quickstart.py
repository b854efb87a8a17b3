"""The connector in PyAirbyte: ``examples/duckdb_quickstart.py`` as a user runs it. Needs an interpreter with PyAirbyte,
which ``scripts/test --all`` makes and names in the environment variable below."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import PYAIRBYTE
from integration_tests.connector import SCRIPT, Json
from integration_tests.sandbox import Sandbox
from source_invoicing.platforms import PLATFORMS

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS, SHOWN = 6, 8
# Of the sandbox that the example starts.
ROWS = {
    "zoho_books": {"invoices": 40, "customer_payments": 20, "creditnotes": 12},
    "zoho_invoice": {"invoices": 40, "customer_payments": 20, "credit_notes": 12},
}
# Seconds; PyAirbyte makes an environment of its own and installs the connector there.
PATIENCE = 900

pytestmark = pytest.mark.pyairbyte_tests


def quickstart(folder: Path, *arguments: str) -> str:
    """What the example prints. It must end well."""
    command: Sequence[str] = [os.environ[PYAIRBYTE], str(ROOT / "examples" / "duckdb_quickstart.py"), *arguments]
    environment = {**os.environ, "AIRBYTE_NO_UV": "1", "COLUMNS": "160"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "invoicing.duckdb").stat().st_size
    return done.stdout


def answers(output: str) -> list[str]:
    """The lines below each question."""
    return output.partition("Who owes us most?")[2].splitlines()


def is_sent(row: Json) -> bool:
    """Whether an invoice counts, on any platform."""
    if "TYPE" in row:
        return bool(row["TYPE"] == "outgoing" and row["IS_CANCELED"] != "1")
    return not row.get("draft") and not row.get("voided") and row.get("status") not in ("draft", "void")


def lines_of(platform: str, sandbox: Sandbox) -> Iterator[tuple[Any, Any, Any]]:
    """Of each line the key of its invoice, what was sold, and for how much."""
    if platform == "rest_api":
        for row in sandbox.rows("invoices"):
            yield from ((row["id"], line["text"], line["amount"]) for line in row["lines"])
        return
    names = {row.get("id"): row.get("name") for row in sandbox.rows("items")} if platform == "invoiced" else {}
    for line in sandbox.rows("invoice_line_items"):
        if platform == "fastbill":
            yield line["INVOICE_ID"], line["DESCRIPTION"] or line["ARTICLE_NUMBER"], line["COMPLETE_NET"]
        elif platform == "invoiced":
            yield line["invoice_id"], names.get(line["catalog_item"]) or line["name"], line["amount"]
        else:
            yield line["invoice_id"], line["name"] or line["description"], line["item_total"]


def taxes_of(platform: str, sandbox: Sandbox) -> Iterator[tuple[Any, str, Any]]:
    """Of each tax the key of its invoice, its rate, and its amount."""
    if platform == "rest_api":
        for row in sandbox.rows("invoices"):
            yield from ((row["id"], f"{float(tax['rate'])} %", tax["amount"]) for tax in row["taxes"])
    elif platform == "fastbill":
        for tax in sandbox.rows("invoice_vat_items"):
            yield tax["INVOICE_ID"], f"{float(tax['VAT_PERCENT'])} %", tax["VAT_VALUE"]
    elif platform == "invoiced":
        for tax in sandbox.rows("invoice_taxes"):
            yield tax["invoice_id"], (tax["tax_rate"] or {}).get("id") or "by hand", tax["amount"]
    else:
        for row in sandbox.rows("invoice_details"):
            yield from ((row["invoice_id"], tax["tax_name"], tax["tax_amount"]) for tax in row["taxes"])


def currency_of(invoice: Json) -> str:
    """Upper case, as the example shows it."""
    return str(invoice.get("currency_code") or invoice.get("CURRENCY_CODE") or invoice["currency"]).upper()


def month_of(invoice: Json) -> str:
    """Of its issue, such as ``2025-03``."""
    issued = invoice.get("issue_date") or invoice.get("INVOICE_DATE") or invoice["date"]
    return datetime.fromtimestamp(issued, timezone.utc).strftime("%Y-%m") if isinstance(issued, int) else issued[:7]


def expected(platform: str) -> tuple[list[float], list[float]]:
    """What the items brought in, most first, and the taxes by month, latest first, rate and currency: by the rows of a
    sandbox like that of the example."""
    revenue: defaultdict[tuple[Any, str], float] = defaultdict(float)
    taxes: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    with Sandbox(platform, rows=ROWS.get(platform)) as sandbox:
        sent = {next(iter(row.values())): row for row in sandbox.rows("invoices") if is_sent(row)}
        for key, item, amount in lines_of(platform, sandbox):
            if key in sent:
                revenue[item, currency_of(sent[key])] += float(amount)
        for key, rate, amount in taxes_of(platform, sandbox):
            if key in sent:
                taxes[month_of(sent[key]), rate, currency_of(sent[key])] += float(amount)
    by_rate = sorted(taxes.items(), key=lambda group: group[0][1:])
    latest_first = sorted(by_rate, key=lambda group: group[0][0], reverse=True)
    return sorted(revenue.values(), reverse=True), [amount for _, amount in latest_first]


def shown(output: str, question: str) -> list[float]:
    """The last column of an answer, as numbers."""
    answer = output.partition(question)[2].partition("╰")[0]
    cells = [line.split("│")[-2].strip() for line in answer.splitlines() if line.startswith("│")]
    return [float(cell.replace(",", "")) for cell in cells[1:] if cell]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_question_is_answered_to_the_cent(platform: str, tmp_path: Path) -> None:
    output = quickstart(tmp_path, platform, "--executable", str(SCRIPT))

    assert output.count("╭") == QUESTIONS
    # A frame is three lines, and a heading one: there are rows between.
    assert sum(line.startswith("│") for line in answers(output)) > 2 * QUESTIONS
    agreed = re.search(r"agrees with the vendor's balance on (\d+) of (\d+) invoices", output)
    assert agreed is not None
    assert agreed[1] == agreed[2] != "0"
    revenue, taxes = expected(platform)
    assert revenue
    assert taxes
    assert shown(output, "What did each item bring in?") == pytest.approx(revenue[:SHOWN], abs=0.0051)
    assert shown(output, "How much tax was it, by rate and month?") == pytest.approx(taxes[:SHOWN], abs=0.0051)


def test_pyairbyte_installs_the_connector_itself(tmp_path: Path) -> None:
    config = '{"platform": {"name": "invoiced", "api_key": "a-key"}, "num_workers": 99}'
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    arguments = ["--pip-url", str(ROOT), "--config", str(tmp_path / "config.json")]

    with pytest.raises(AssertionError, match="num_workers should be a whole number from 1 to 32, found 99"):
        quickstart(tmp_path, *arguments)

    assert (tmp_path / ".venv-source-invoicing" / "bin" / "source-invoicing").exists()

"""Loads an account into DuckDB with PyAirbyte and answers questions about it: three of invoices, and three more where
their lines, taxes and payments are streams too: at Zoho with ``details``, with ``rest_api`` as far as it is described.

Without an account, on the sandbox that comes with the repository (after ``scripts/demo`` once, which installs the
connector in ``.venv``)::

    python -m venv quickstart && quickstart/bin/pip install --requirement examples/requirements.txt
    quickstart/bin/python examples/duckdb_quickstart.py zoho_books

With an account: ``--config config.json``. The connector is ``--executable``, an installed ``source-invoicing``, or
``--pip-url``, from which PyAirbyte makes an environment of its own, such as ``--pip-url ./source-invoicing``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Before PyAirbyte is imported: it neither reports to its makers nor asks Airbyte's registry for this connector.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")

import airbyte as ab
from rich import box
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]

# The invoices that were sent, in the same columns for each platform: what is ``open`` has not been paid yet.
ZOHO = """
    SELECT invoice_number AS number, customer_name AS customer, CAST(date AS DATE) AS issued,
           currency_code AS currency, total, balance AS open
    FROM invoices
    WHERE status NOT IN ('draft', 'void')
"""
INVOICES = {
    "invoiced": """
        SELECT i.number, c.name AS customer, CAST(to_timestamp(i.date) AS DATE) AS issued,
               upper(i.currency) AS currency, i.total, i.balance AS open
        FROM invoices i LEFT JOIN customers c ON c.id = i.customer
        WHERE NOT i.draft AND NOT i.voided
    """,
    "zoho_invoice": ZOHO,
    "zoho_books": ZOHO,
    "fastbill": """
        SELECT invoice_number AS number, organization AS customer, CAST(invoice_date AS DATE) AS issued,
               currency_code AS currency, total, CASE WHEN paid_date IS NULL THEN total ELSE 0 END AS open
        FROM invoices
        WHERE type = 'outgoing' AND is_canceled <> '1'
    """,
    # As the sandbox's API names them; an API of your own will have other columns.
    "rest_api": """
        SELECT number, customer->>'name' AS customer, CAST(issue_date AS DATE) AS issued,
               currency, total, CASE WHEN status = 'open' THEN balance ELSE 0 END AS open
        FROM invoices
        WHERE status NOT IN ('draft', 'void')
    """,
}


def of_zoho(notes: str, applications: str) -> dict[str, str]:
    """What stands inside the invoices of Zoho.

    :param notes: the stream of credit notes, which pay invoices as well
    :param applications: the stream of what they were applied to
    """
    return {
        "lines": """
            SELECT coalesce(nullif(line.name, ''), line.description) AS item, i.currency_code AS currency,
                   line.quantity, line.item_total AS amount
            FROM invoice_line_items line
            JOIN invoices i ON i.invoice_id = line.invoice_id
                           AND i.last_modified_time IS NOT DISTINCT FROM line.last_modified_time
            WHERE i.status NOT IN ('draft', 'void')
        """,
        "taxes": """
            SELECT tax->>'tax_name' AS rate, CAST(i.date AS DATE) AS issued, i.currency_code AS currency,
                   CAST(tax->>'tax_amount' AS DOUBLE) AS amount
            FROM invoice_details i, unnest(CAST(i.taxes AS JSON[])) AS each(tax)
            WHERE i.status NOT IN ('draft', 'void')
        """,
        "paid": f"""
            WITH applied AS (
                SELECT a.invoice_id, 'payment ' || p.payment_number AS payment, CAST(p.date AS DATE) AS paid_on,
                       a.amount_applied + coalesce(a.tax_amount_withheld, 0) + coalesce(a.discount_amount, 0) AS amount
                FROM customer_payment_applications a
                JOIN customer_payments p ON p.payment_id = a.payment_id
                                        AND p.last_modified_time IS NOT DISTINCT FROM a.last_modified_time
                UNION ALL
                SELECT a.invoice_id, 'credit note ' || c.creditnote_number, CAST(a.date AS DATE), a.credited_amount
                FROM {applications} a
                JOIN {notes} c ON c.creditnote_id = a.creditnote_id
                              AND c.last_modified_time IS NOT DISTINCT FROM a.last_modified_time
            )
            SELECT i.invoice_id AS invoice, i.invoice_number AS number,
                   i.total - coalesce(i.write_off_amount, 0) AS total, i.balance, i.currency_code AS currency,
                   applied.payment, applied.paid_on, coalesce(applied.amount, 0) AS amount
            FROM invoices i LEFT JOIN applied ON applied.invoice_id = i.invoice_id
            WHERE i.status NOT IN ('draft', 'void')
        """,
    }


# What stands inside those invoices. A part that was removed from an edited invoice stays in the database: those of the
# current version carry the cursor of their invoice. ``balance`` is what the vendor says is left to pay, if it does.
PARTS = {
    "invoiced": {
        "lines": """
            SELECT coalesce(item.name, line.name) AS item, upper(i.currency) AS currency, line.quantity, line.amount
            FROM invoice_line_items line
            JOIN invoices i ON i.id = line.invoice_id AND i.updated_at = line.updated_at
            LEFT JOIN items item ON item.id = line.catalog_item
            WHERE NOT i.draft AND NOT i.voided
        """,
        "taxes": """
            SELECT coalesce(tax.tax_rate->>'id', 'by hand') AS rate, CAST(to_timestamp(i.date) AS DATE) AS issued,
                   upper(i.currency) AS currency, tax.amount
            FROM invoice_taxes tax
            JOIN invoices i ON i.id = tax.invoice_id AND i.updated_at = tax.updated_at
            WHERE NOT i.draft AND NOT i.voided
        """,
        "paid": """
            SELECT i.id AS invoice, i.number, i.total, i.balance, upper(i.currency) AS currency, p.id AS payment,
                   CAST(to_timestamp(p.date) AS DATE) AS paid_on, coalesce(application.amount, 0) AS amount
            FROM invoices i
            LEFT JOIN (payment_applications application
                       JOIN payments p ON p.id = application.payment_id AND p.updated_at = application.updated_at
                                      AND NOT p.voided) ON application.invoice = i.id
            WHERE NOT i.draft AND NOT i.voided
        """,
    },
    "fastbill": {
        "lines": """
            SELECT coalesce(nullif(line.description, ''), line.article_number) AS item, i.currency_code AS currency,
                   line.quantity, line.complete_net AS amount
            FROM invoice_line_items line
            JOIN invoices i ON i.invoice_id = line.invoice_id AND i.lastupdate IS NOT DISTINCT FROM line.lastupdate
            WHERE i.type = 'outgoing' AND i.is_canceled <> '1'
        """,
        "taxes": """
            SELECT CAST(tax.vat_percent AS DOUBLE) || ' %' AS rate, CAST(i.invoice_date AS DATE) AS issued,
                   i.currency_code AS currency, tax.vat_value AS amount
            FROM invoice_vat_items tax
            JOIN invoices i ON i.invoice_id = tax.invoice_id AND i.lastupdate IS NOT DISTINCT FROM tax.lastupdate
            WHERE i.type = 'outgoing' AND i.is_canceled <> '1'
        """,
        "paid": """
            SELECT i.invoice_id AS invoice, i.invoice_number AS number, i.total,
                   CASE WHEN i.paid_date IS NOT NULL THEN 0 END AS balance, i.currency_code AS currency,
                   p.payment_id AS payment, CAST(p.date AS DATE) AS paid_on, coalesce(p.amount, 0) AS amount
            FROM invoices i
            LEFT JOIN invoice_payments p
                   ON p.invoice_id = i.invoice_id AND p.lastupdate IS NOT DISTINCT FROM i.lastupdate
            WHERE i.type = 'outgoing' AND i.is_canceled <> '1'
        """,
    },
    "zoho_invoice": of_zoho("credit_notes", "credit_note_applications"),
    "zoho_books": of_zoho("creditnotes", "creditnote_applications"),
    "rest_api": {
        "lines": """
            SELECT line.text AS item, i.currency, line.quantity, line.amount
            FROM invoice_lines line
            JOIN invoices i ON i.id = line.invoice_id AND i.updated_at IS NOT DISTINCT FROM line.updated_at
            WHERE i.status NOT IN ('draft', 'void')
        """,
        "taxes": """
            SELECT CAST(tax.rate AS DOUBLE) || ' %' AS rate, CAST(i.issue_date AS DATE) AS issued, i.currency,
                   tax.amount
            FROM invoice_taxes tax
            JOIN invoices i ON i.id = tax.invoice_id AND i.updated_at IS NOT DISTINCT FROM tax.updated_at
            WHERE i.status NOT IN ('draft', 'void')
        """,
        "paid": """
            SELECT i.id AS invoice, i.number, i.total, i.balance, i.currency, p.reference AS payment,
                   CAST(p.paid_on AS DATE) AS paid_on, coalesce(p.amount, 0) AS amount
            FROM invoices i
            LEFT JOIN invoice_payments p ON p.invoice_id = i.id AND p.updated_at IS NOT DISTINCT FROM i.updated_at
            WHERE i.status NOT IN ('draft', 'void')
        """,
    },
}
DETAILS_OF_ZOHO = ["invoices", "customer_payments", "invoice_details", "invoice_line_items"]
STREAMS = {
    "invoiced": [
        *("invoices", "customers", "items", "payments"),
        *("invoice_line_items", "invoice_taxes", "payment_applications"),
    ],
    "zoho_invoice": [*DETAILS_OF_ZOHO, "customer_payment_applications", "credit_notes", "credit_note_applications"],
    "zoho_books": [*DETAILS_OF_ZOHO, "customer_payment_applications", "creditnotes", "creditnote_applications"],
    "fastbill": ["invoices", "invoice_line_items", "invoice_vat_items", "invoice_payments"],
    "rest_api": ["invoices", "invoice_lines", "invoice_taxes", "invoice_payments"],
}
# What a configuration needs for that, and numbers of rows of a sandbox of Zoho that it gives within a minute.
ZOHO_ROWS = ["invoices=40", "customer_payments=20"]
WHOLE: dict[str, dict[str, Any]] = {
    "zoho_invoice": {"details": True},
    "zoho_books": {"details": True},
    "rest_api": {
        "streams": [
            {"name": f"invoice_{member}", "from": "invoices", "expand": member}
            for member in ("lines", "taxes", "payments")
        ]
    },
}
ROWS = {"zoho_invoice": [*ZOHO_ROWS, "credit_notes=12"], "zoho_books": [*ZOHO_ROWS, "creditnotes=12"]}
QUESTIONS = {
    "Who owes us most?": """
        SELECT customer, currency, count(*) AS invoices, sum(open) AS open
        FROM sent WHERE open > 0 GROUP BY ALL ORDER BY open DESC, customer LIMIT 8
    """,
    "What did we invoice each month?": """
        SELECT strftime(issued, '%Y-%m') AS month, currency, count(*) AS invoices, sum(total) AS revenue
        FROM sent GROUP BY ALL ORDER BY month DESC, currency LIMIT 8
    """,
    "Which invoices has nobody paid anything on?": """
        SELECT number, customer, issued, currency, total
        FROM sent WHERE total > 0 AND open >= total ORDER BY issued, number LIMIT 8
    """,
}


QUESTIONS_ABOUT_PARTS = {
    "What did each item bring in?": """
        SELECT item, currency, sum(quantity) AS quantity, sum(amount) AS revenue
        FROM lines GROUP BY ALL ORDER BY revenue DESC, item LIMIT 8
    """,
    "How much tax was it, by rate and month?": """
        SELECT strftime(issued, '%Y-%m') AS month, rate, currency, sum(amount) AS tax
        FROM taxes GROUP BY ALL ORDER BY month DESC, rate, currency LIMIT 8
    """,
    "Which payments paid which invoices, and what was left?": """
        SELECT number, paid_on, payment, currency, amount,
               total - sum(amount) OVER (PARTITION BY invoice ORDER BY paid_on, payment) AS remaining
        FROM paid WHERE payment IS NOT NULL ORDER BY paid_on DESC, number, remaining LIMIT 8
    """,
}
# Does what the payments leave agree with what the vendor says, to the cent?
AGREEMENT = """
    SELECT count(*) FILTER (abs(remaining - balance) < 0.005) AS agreed, count(*) AS invoices
    FROM (SELECT any_value(total) - sum(amount) AS remaining, any_value(balance) AS balance FROM paid GROUP BY invoice)
    WHERE balance IS NOT NULL
"""


def main() -> None:
    """Load and answer."""
    arguments = parse()
    console = Console()
    with account(arguments) as config:
        platform = config["platform"]["name"]
        source = ab.get_source("source-invoicing", config=config, **connector(arguments))
        source.check()
        wanted = STREAMS.get(platform, [])
        whole = bool(wanted) and set(wanted) <= set(source.get_available_streams())
        source.select_streams("*" if arguments.all else wanted if whole else ["invoices"])
        cache = ab.caches.DuckDBCache(db_path=arguments.database)
        result = source.read(cache=cache)
    console.print(f"\n[bold]{result.processed_records:,} records[/] are in {arguments.database}.\n")
    if platform not in INVOICES:
        console.print(f"There are no ready-made questions for {platform}; the tables are {', '.join(result.streams)}.")
        return
    with cache.get_sql_engine().connect() as connection:
        connection.exec_driver_sql(f"SET schema = '{cache.schema_name}'")
        views = {"sent": INVOICES[platform], **(PARTS[platform] if whole else {})}
        for name, sql in views.items():
            connection.exec_driver_sql(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}")
        for question, sql in (QUESTIONS | QUESTIONS_ABOUT_PARTS if whole else QUESTIONS).items():
            answer = connection.exec_driver_sql(sql)
            console.print(table(question, list(answer.keys()), answer.all()))
        if whole:
            agreed, invoices = connection.exec_driver_sql(AGREEMENT).one()
            console.print(f"What payments leave agrees with the vendor's balance on {agreed} of {invoices} invoices.")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Loads an account into DuckDB and answers questions about it.")
    parser.add_argument("platform", nargs="?", default="invoiced", help="of the sandbox; default: invoiced")
    parser.add_argument("--config", type=Path, help="a configuration of your own, instead of the sandbox")
    parser.add_argument("--all", action="store_true", help="all streams, not only those of the questions")
    parser.add_argument("--database", type=Path, default=Path("invoicing.duckdb"), help="default: invoicing.duckdb")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--executable", type=Path, help="the installed connector; default: on the PATH, or in .venv")
    where.add_argument("--pip-url", help="what pip can install the connector from")
    return parser.parse_args()


def connector(arguments: argparse.Namespace) -> dict[str, Any]:
    """How PyAirbyte gets the connector."""
    if arguments.pip_url:
        return {"pip_url": arguments.pip_url}
    return {"local_executable": arguments.executable or installed()}


def installed() -> Path:
    """The installed connector."""
    found = shutil.which("source-invoicing") or ROOT / ".venv" / "bin" / "source-invoicing"
    if not Path(found).exists():
        sys.exit(
            "source-invoicing is not installed. Run scripts/demo once, or name it: --executable PATH or --pip-url."
        )
    return Path(found)


@contextmanager
def account(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The configuration of an account: the user's, or that of a sandbox, which runs meanwhile."""
    if arguments.config:
        yield json.loads(arguments.config.read_text(encoding="utf-8"))
        return
    python = (arguments.executable or ROOT / ".venv" / "bin" / "source-invoicing").with_name("python")
    command = [python, "-m", "integration_tests.sandbox", "--platform", arguments.platform, "--port", "0"]
    if rows := ROWS.get(arguments.platform):
        command += ["--rows", *rows]
    if not python.exists():
        sys.exit("The sandbox needs its environment. Run scripts/demo once, or name an account: --config FILE.")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                sys.exit("The sandbox did not start; what it said is above.")
            config = json.loads(line)["config"]
            config["platform"] = joined(config["platform"], WHOLE.get(arguments.platform, {}))
            yield config
        finally:
            process.terminate()


def joined(platform: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Settings with further ones. Lists of both become one."""
    return platform | {
        name: platform.get(name, []) + value if isinstance(value, list) else value for name, value in more.items()
    }


def table(title: str, columns: list[str], rows: list[Any]) -> Table:
    """An answer, ready to print."""
    shown = Table(title=title, title_justify="left", title_style="bold", box=box.ROUNDED)
    numbers = {name for name in columns if rows and not isinstance(rows[0][columns.index(name)], (str, type(None)))}
    for name in columns:
        shown.add_column(name, justify="right" if name in numbers else "left")
    for row in rows:
        shown.add_row(*(text(value) for value in row))
    return shown


def text(value: Any) -> str:
    """A value of a cell."""
    if value is None:
        return ""
    return f"{value:,.2f}" if hasattr(value, "quantize") or isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()

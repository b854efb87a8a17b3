"""The lists that streams of Invoiced consist of."""

from __future__ import annotations

from collections import Counter

from bench.sandbox import SandboxProcess
from integration_tests.sandbox.invoiced_data import CHILD_PATHS, PARTS

PER_PAGE = 100
CHILDREN = tuple(CHILD_PATHS)
# Asked for one by one.
DETAILS = ("payment_plans",)


def list_sizes(sandbox: SandboxProcess, stream: str) -> list[int]:
    """Rows of each list, or document, that a stream consists of; parts of another stream's rows have none."""
    if stream in PARTS and stream not in DETAILS:
        return []
    rows = sandbox.rows(stream)
    if stream in DETAILS:
        return [1] * len(rows)
    if stream in CHILDREN:
        of_customer = Counter(row["customer_id"] for row in rows)
        return [of_customer[customer["id"]] for customer in sandbox.rows("customers")]
    if stream == "subscriptions":
        # Canceled and finished ones are listed separately.
        of_status = Counter(row["status"] for row in rows)
        apart = [of_status["canceled"], of_status["finished"]]
        return [len(rows) - sum(apart), *apart]
    return [len(rows)]


def pages(size: int) -> int:
    """Pages of a list; an empty one has to be asked for too."""
    return max(-(-size // PER_PAGE), 1)

"""Real products, as far as their public documentation tells how their lists are read.

Each has the vendor's paths, credentials, paging, envelope, filter, and names of the id and the time of change. The
other fields of a row are nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from integration_tests.sandbox.products import billing, bookkeeping, first, payments
from integration_tests.sandbox.rest_api_manner import Manner

PRODUCTS: Mapping[str, Manner] = {
    **first.PRODUCTS,
    **billing.PRODUCTS,
    **bookkeeping.PRODUCTS,
    **payments.PRODUCTS,
}
"""By the value of the option ``pose``."""


@lru_cache(1_000)
def posing(name: str, cap: int, *, limited: bool) -> Manner:
    """The manner of a product, with pages of ``cap`` rows at most; 0 leaves them as they are.

    ``limited`` says whether it counts calls.
    """
    product = PRODUCTS[name] if limited else replace(PRODUCTS[name], rate=(0, 60))
    lists = {
        stream: {**particular, **({"pager": particular["pager"].capped(cap)} if "pager" in particular else {})}
        for stream, particular in product.lists.items()
    }
    return replace(product, pager=product.pager.capped(cap), lists=lists)

"""The logger of the connector, for every layer."""

from __future__ import annotations

import logging

logger = logging.getLogger("airbyte.source_invoicing")

"""The registry: the platforms there are, by the name they have in the configuration."""

from collections.abc import Mapping

from source_invoicing.platforms.invoiced import Invoiced
from source_invoicing.platforms.platform import Platform

PLATFORMS: Mapping[str, type[Platform]] = {platform.name: platform for platform in (Invoiced,)}

__all__ = ["PLATFORMS", "Platform"]

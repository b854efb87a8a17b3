"""The connector at work against the sandbox: ``scripts/demo``."""

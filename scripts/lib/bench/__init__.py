"""The benchmark: this connector beside Airbyte's declarative engine and a bare loop, on the bundled sandbox."""

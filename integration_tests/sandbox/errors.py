"""The one exception of the sandbox's own interface."""


class SandboxError(ValueError):
    """The sandbox was asked for something it does not know: a stream, an option, a fault kind, a row."""

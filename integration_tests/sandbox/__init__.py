"""A vendor's API on loopback: a real HTTP server with invented data, for tests over real sockets."""

from integration_tests.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]

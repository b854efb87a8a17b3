"""Strategies that read a whole list although rows move while it is read."""

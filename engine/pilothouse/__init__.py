"""Pilothouse: a proxy engine between people, agents and a remote browser, which knows who holds the helm."""

__version__ = "0.1.0"

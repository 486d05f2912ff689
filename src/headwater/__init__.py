"""Headwater: the system a region works on as one laboratory."""

__version__ = "0.1.0"

"""The command line."""

from .main import fetch, main

__all__ = ["fetch", "main"]

"""What every room stands on: errors, files that appear whole, provenance, keyed random numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["checks", "errors", "files", "progress", "provenance", "random_streams"]
)

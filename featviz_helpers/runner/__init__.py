"""Notebooks as programs: parameters, runs, pages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["course", "jobs", "notebook", "pages", "parameters"]
)

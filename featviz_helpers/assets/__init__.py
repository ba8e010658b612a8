"""Weights and photographs: what there is, where it lies on this machine, how to get it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["catalogue", "doctor", "download", "fetch", "locate", "trials", "unpack"],
    submod_attrs={"catalogue": ["ASSETS", "Asset"], "fetch": ["fetch_all"], "locate": ["bundled", "find"]},
)

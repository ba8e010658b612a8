"""Networks: load, cut at a layer, and what a unit can see."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["backbone", "cache", "devices", "load", "receptive_field", "shapesnet", "truncate"]
)

"""Look around in a network: an atlas of all its channels as one page, and a window on them with a live climb."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"atlas": ["write_atlas"], "browser": ["Explorer", "explore"], "layer_store": ["LayerStore"]},
)

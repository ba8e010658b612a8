"""Look around in a network: an atlas of all its channels as one page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"atlas": ["write_atlas"], "layer_store": ["LayerStore"]},
)

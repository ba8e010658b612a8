"""Numbers about pictures: perceptual distances, spectra, grades against the answer key."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["answer_key", "distance", "distances", "lpips_distance", "spectra"]
)

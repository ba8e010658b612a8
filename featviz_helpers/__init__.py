"""Feature visualisation, small and readable: `import featviz_helpers as fv`.

Names load on first use, so that `import featviz_helpers` and the command line start without TensorFlow.
"""

import importlib
import os
from importlib.metadata import version

# TensorFlow reads this when it is imported, so this package is imported before it. By itself it leaves its faster
# convolutions (oneDNN) off on processors without AVX-512, where they are faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOME = {
    "ascent": ("maximize",),
    "assets": (),
    "backbone": ("Backbone",),
    "check": (),
    "composition": ("Compose", "Transform"),
    "datasets": ("ImageFolder", "ImageSet", "ShapesImages", "open_images"),
    "exemplar_tables": ("Exemplars",),
    "exemplars": ("find_exemplars", "write_exemplars"),
    "fetching": ("fetch",),
    "grids": ("grid",),
    "images": ("from_uint8", "grey", "load_image", "noise", "photograph", "resize", "save_image", "to_uint8"),
    "methods": ("METHODS", "sweep"),
    "models": ("load_model",),
    "objectives": ("channel", "class_score", "direction", "layer", "negative", "neuron"),
    "octaves": ("Octaves",),
    "optimizers": ("Adam", "Ascent"),
    "parameterizations": ("MACO", "Fourier", "Pixels"),
    "perceptual": ("Distance", "distance"),
    "plotting": ("compare", "curves", "exemplar_sheet", "show", "spectrum_curves"),
    "projections": ("Bilateral", "ClipContribution", "ClipNorm", "GaussianBlur", "Projection", "WeightDecay"),
    "receptive": ("effective_field", "patch", "receptive_field"),
    "regularizers": ("L2", "Norm", "Penalty", "TotalVariation"),
    "result": ("Result",),
    "scoring": ("robustness", "score"),
    "shapes": (),
    "spectra": ("high_frequency",),
    "transforms": ("Flip", "Jitter", "Pad", "Rotate", "Scale", "standard"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__version__ = version("featviz-helpers")
__all__ = sorted([*_WHERE, *_HOME])


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    if name in _HOME:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"featviz_helpers has no '{name}'. It has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__

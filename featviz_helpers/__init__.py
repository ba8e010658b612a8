"""Feature visualisation, small and readable: `import featviz_helpers as fv`.

Names load on first use, so that `import featviz_helpers` and the command line start without TensorFlow.
"""

import importlib
from importlib.metadata import version

_HOME = {
    "ascent": ("maximize",),
    "backbone": ("Backbone",),
    "check": (),
    "images": ("from_uint8", "grey", "load_image", "noise", "photograph", "resize", "save_image", "to_uint8"),
    "models": ("load_model",),
    "objectives": ("channel", "class_score", "direction", "layer", "negative", "neuron"),
    "optimizers": ("Adam", "Ascent"),
    "parameterizations": ("Fourier", "Pixels"),
    "plotting": ("compare", "curves", "show", "spectrum_curves"),
    "plan": ("Octaves",),
    "regularizers": ("Penalty", "Projection", "TotalVariation"),
    "result": ("Result",),
    "shapes": (),
    "spectra": ("high_frequency",),
    "transforms": ("Jitter", "Transform"),
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

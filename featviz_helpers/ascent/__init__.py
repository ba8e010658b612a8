"""Activation maximisation: objectives, parameterizations, regularizers, and the compiled climb."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "arguments",
        "grid",
        "maximize",
        "objectives",
        "octaves",
        "optimizers",
        "parameterizations",
        "penalties",
        "per_image",
        "projections",
        "result",
        "score",
        "step",
        "transform_base",
        "transforms",
        "warp",
    ],
)

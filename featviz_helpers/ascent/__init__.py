"""Activation maximisation: objectives, parameterizations, regularizers, transforms, and the compiled climb."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "grid",
        "maximize",
        "objectives",
        "octaves",
        "optimizers",
        "parameterizations",
        "penalties",
        "projections",
        "step",
        "term",
        "transforms",
    ],
    submod_attrs={
        "result": ["Result"],
        "term": ["Objective", "Term"],
        "parameterizations": ["Parameterization"],
        "penalties": ["Penalty"],
        "projections": ["Projection"],
        "transform_base": ["Compose", "Geometric", "Transform"],
    },
)

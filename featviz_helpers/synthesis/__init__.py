"""Other pictures that optimisation makes: what a layer still knows of an image, and what a network mistakes for it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adversaries": ["correct", "fgsm", "pgd", "random_signs"],
        "inversion": ["FeatureDistance", "feature_distance", "invert"],
        "prior": ["CPPN", "GeneratorPrior", "shapes_prior"],
        "searches": ["Fooled", "fooling", "smallest_epsilon"],
        "texture": ["Texture", "efros_leung"],
    },
)

"""Other pictures that optimisation makes: what a layer still knows of an image, what a network mistakes for it, texture
and style."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adversaries": ["correct", "fgsm", "pgd", "random_signs"],
        "colours": ["match_colours"],
        "diversity": ["Diversity", "pairwise_similarity"],
        "interpolation": ["SharedFrames", "frame_change"],
        "inversion": ["FeatureDistance", "feature_distance", "invert"],
        "prior": ["CPPN", "GeneratorPrior", "shapes_prior"],
        "quilting": ["quilt", "seam"],
        "quasi_newton": ["Descent", "lbfgs"],
        "searches": ["Fooled", "fooling", "smallest_epsilon"],
        "style": [
            "GramDistance",
            "gram_matrices",
            "gram_texture",
            "style_distance",
            "style_layers",
            "style_transfer",
        ],
        "texture": ["Texture", "efros_leung", "nearest_patches"],
    },
)

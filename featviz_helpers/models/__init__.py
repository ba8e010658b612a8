"""Networks: load, cut at a layer, change what a ReLU passes back, and what a unit can see."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "backbone",
        "cache",
        "devices",
        "filters",
        "load",
        "pooling",
        "receptive_field",
        "relu",
        "shapesnet",
        "truncate",
    ],
    submod_attrs={
        "backbone": ["Backbone"],
        "load": ["load_model"],
        "pooling": ["average_pooling"],
        "receptive_field": ["Field", "effective_field", "patch"],
        "traits": ["Traits"],
    },
)

"""Tell a student right from wrong: each function judges the answer to one exercise, and prints why."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answers": ["best_of", "number", "same_function"],
        "ascent": [
            "climbs_higher",
            "coarser_change",
            "combination",
            "gradient_is",
            "octave_sizes",
            "one_step",
            "smoother",
        ],
        "networks": ["channel_count", "drives", "favourite_class", "least_decided", "matches"],
    },
)

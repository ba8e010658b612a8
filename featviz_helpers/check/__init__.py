"""Tell a student right from wrong: each function judges the answer to one exercise, prints why, and returns a verdict.

An answer of None is an exercise not begun: neither right nor wrong, and the notebook runs on.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answers": ["best_of", "number", "same_function"],
        "ascent": [
            "climbs_higher",
            "combination",
            "gradient_is_activation",
            "octave_sizes",
            "one_step",
            "smoother",
        ],
        "networks": ["channel_count", "favourite_class"],
    },
)

"""Tell a student right from wrong: each function judges the answer to one exercise, and prints why."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attribution": ["class_activation", "insertion", "intervals"],
        "answers": [
            "best_of",
            "edge_price",
            "l2_weight",
            "number",
            "resting_value",
            "silent_votes",
            "squared_differences",
        ],
        "ascent": [
            "climbs_higher",
            "coarser_change",
            "combination",
            "faint",
            "gradient_is",
            "octave_sizes",
            "one_step",
            "smoother",
        ],
        "diversity": ["apart", "shows", "steady_film"],
        "embeddings": ["colour_share", "faithful_map", "two_kinds_of_near"],
        "evidence": ["fools", "order", "ordinary_sets"],
        "exploring": ["calm", "looks_elsewhere", "many_kinds"],
        "exemplars": ["drives_both", "lying_picture", "representative", "two_alternatives"],
        "priors": ["fair_distance", "takes_generator", "typical_code"],
        "sizes": ["octave_work", "one_wave", "right_size"],
        "transforms": ["bargain", "half_turn", "higher_and_steady", "moved_by_turn", "stride"],
        "synthesis": ["attack", "fooling_image", "metamer", "smallest"],
        "texture": ["cheapest_seam", "divided", "same_texture", "shifted_gram"],
        "networks": ["drives", "favourite_class", "favourites", "least_decided", "matches"],
    },
)

"""The plan of a study that takes seconds, and the table of one whose answer is known."""

import numpy as np
import pandas as pd
from featviz_helpers.study import StudyPlan

CHANNELS = [10, 28]
MANY_CHANNELS = list(range(12))


def plan(**changes):
    methods = {"none": [0.02, 0.05], "standard": [0.5, 1.0]}
    given = {"channels": CHANNELS, "background": 6, "methods": methods, "seeds": [0, 1], "steps": 3, "size": 64, "k": 4}
    return StudyPlan(**(given | changes))


def study_table(gain=0.2, own=0.0, seeds=(0, 1, 2), noise=0.01):
    """A study in which "good" lowers the distance by `gain` at value 2 of 3, and is closer to its own set by `own`."""
    generator, rows = np.random.default_rng(0), []
    for method in ("none", "good"):
        for value in (1.0, 2.0, 3.0):
            for channel in MANY_CHANNELS:
                for seed in seeds:
                    distance = 1.2 + 0.03 * channel + noise * generator.normal()
                    if method == "good":
                        distance -= gain * (1 - 0.5 * abs(value - 2))
                    specific = (own if method == "good" else 0.0) + noise * generator.normal()
                    rows.append(
                        {
                            "method": method,
                            "value": value,
                            "channel": channel,
                            "seed": seed,
                            "exemplar_distance": distance,
                            "specificity": specific,
                            "auc": 0.5 + specific,
                            "activation": 10.0 * value,
                            "code": "a hash, as in a study",
                        }
                    )
    return pd.DataFrame(rows)

"""The plan of a study that takes seconds, and the tables of one whose answer is known."""

import numpy as np
import pandas as pd
from featviz_helpers.study import StudyPlan, Tables, specificity

CHANNELS = [10, 28]
MANY_CHANNELS = list(range(12))


def plan(**changes):
    methods = {"none": [0.02, 0.05], "standard": [0.5, 1.0]}
    given = {"channels": CHANNELS, "background": 6, "methods": methods, "seeds": [0, 1], "steps": 3, "size": 64, "k": 4}
    return StudyPlan(**(given | changes))


def study_table(gain=0.2, own=0.0, seeds=(0, 1, 2), noise=0.01, set_effect=0.05, draw=0):
    """A study in which "good" lowers the distance by `gain` at value 2 of 3, and is closer to its own set by `own`.

    Sets differ by `set_effect`, which says nothing about pictures. Rows have the columns of their matrix.
    """
    generator, rows, count = np.random.default_rng(draw), [], len(MANY_CHANNELS)
    sets = set_effect * generator.normal(size=count)
    for method in ("none", "good"):
        for value in (1.0, 2.0, 3.0):
            for channel in MANY_CHANNELS:
                for seed in seeds:
                    distance = 1.2 + 0.03 * channel + sets + noise * generator.normal(size=count)
                    if method == "good":
                        distance = distance - gain * (1 - 0.5 * abs(value - 2))
                        distance[channel] -= own
                    rows.append(
                        {
                            "method": method,
                            "value": value,
                            "channel": channel,
                            "seed": seed,
                            "exemplar_distance": distance[channel],
                            "others_minus_own": (distance.sum() - count * distance[channel]) / (count - 1),
                            "activation": 10.0 * value,
                            "seconds": 0.0,
                            "code": "a hash, as in a study",
                        }
                        | {f"to {number}": distance[number] for number in MANY_CHANNELS}
                    )
    return pd.DataFrame(rows)


def control_table(seed=1, own=0.1, set_effect=0.05, **levels):
    """Controls at given distances; "own images" are specific by `own`, nothing else is."""
    sets = set_effect * np.random.default_rng(0).normal(size=len(MANY_CHANNELS))
    levels = {"grey": 0.95, "photographs": 0.85, "blurred base, 2": 0.6, "own images": 0.5} | levels
    generator, rows = np.random.default_rng(seed), []
    for name, level in levels.items():
        for channel in MANY_CHANNELS:
            noise = 0.0 if name == "grey" else 0.01
            distance = level + 0.03 * channel + sets + noise * generator.normal(size=len(sets))
            distance[channel] -= own if name == "own images" else 0.0
            blurred = name.startswith("blurred base")
            row = {"control": name, "method": "blurred base" if blurred else name, "value": 2.0 * blurred}
            row |= {"channel": channel, "seed": 0, "exemplar_distance": distance[channel], "activation": 1.0}
            row |= {"others_minus_own": (distance.sum() - len(sets) * distance[channel]) / (len(sets) - 1)}
            rows.append(row | {f"to {number}": distance[number] for number in MANY_CHANNELS})
    return pd.DataFrame(rows)


def snapshot_table():
    """One climb without a regulariser: the distance of "none" on the way from activation 10 to 30."""
    rows = [
        {
            "channel": channel,
            "seed": seed,
            "step": step,
            "activation": 10.0 * step,
            "exemplar_distance": 1.2 + 0.03 * channel,
        }
        for channel in MANY_CHANNELS
        for seed in range(3)
        for step in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def tables(trial, controls=None, snapshots=None):
    """The tables of a study whose trial is known."""
    nothing = trial.head(0)
    controls = control_table() if controls is None else controls
    return Tables.of(
        snapshot_table() if snapshots is None else snapshots, study=nothing, trial=trial, controls=controls
    )


def matrix(generator, count=32, own=0.0, row=0.1, column=0.05, noise=0.01):
    """Rows of one picture per channel, whose distance to its own set is `own` less than its row and column say."""
    distances = 0.8 + row * generator.normal(size=(count, 1)) + column * generator.normal(size=count)
    distances += noise * generator.normal(size=(count, count))
    distances[np.arange(count), np.arange(count)] -= own
    rows = pd.DataFrame({"method": "m", "value": 1.0, "seed": 0, "channel": range(count)})
    return pd.concat([rows, specificity.columns(distances, list(range(count)))], axis=1)

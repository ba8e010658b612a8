"""The trial's statistics on tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from featviz_helpers import verdict

CHANNELS = list(range(12))


def table(gain=0.2, own=0.0, seeds=(0, 1, 2), noise=0.01):
    """A study in which "good" lowers the distance by `gain` at value 2 of 3, and is closer to its own set by `own`."""
    generator, rows = np.random.default_rng(0), []
    for method in ("none", "good"):
        for value in (1.0, 2.0, 3.0):
            for channel in CHANNELS:
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
                        }
                    )
    return pd.DataFrame(rows)


def controls(grey=0.95, photographs=0.8):
    rows = [{"control": "grey", "channel": c, "exemplar_distance": grey + 0.03 * c} for c in CHANNELS]
    rows += [{"control": "photographs", "channel": c, "exemplar_distance": photographs + 0.03 * c} for c in CHANNELS]
    return pd.DataFrame(rows)


def answers(study, **other):
    told = verdict.held_out(study)
    judged = verdict.judge(told, controls(**other), verdict.matched(study))
    return judged.set_index(["method", "question"])["answer"], verdict.sentences(judged)


def test_an_interval_holds_the_mean_of_many_draws_about_as_often_as_it_says():
    generator = np.random.default_rng(1)
    held = 0
    for draw in range(60):
        mean, low, high = verdict.interval(generator.normal(3.0, 1.0, 40), seed=draw)
        assert low < mean < high
        held += low <= 3.0 <= high
    assert held >= 51
    assert np.isnan(verdict.interval(np.array([1.0]))[1])


def test_the_table_is_the_lowest_mean_over_seeds():
    study = table()
    low = verdict.lowest(study)
    expected = study[(study["method"] == "good") & (study["value"] == 2.0) & (study["channel"] == 5)]
    assert low.loc["good", 5] == pytest.approx(expected["exemplar_distance"].mean())
    percent = verdict.improvement(low)
    assert percent.loc["none", "mean"] == 0
    assert percent.loc["good", 5] == pytest.approx(100 * (1 - low.loc["good", 5] / low.loc["none", 5]))


def test_the_refined_range_holds_what_cannot_be_told_from_the_best():
    clear = verdict.refined(table()).set_index("method").loc["good"]
    assert (clear["best"], clear["from"], clear["to"]) == (2.0, 2.0, 2.0)
    unclear = verdict.refined(table(gain=0.01, noise=0.2)).set_index("method").loc["good"]
    assert (unclear["from"], unclear["to"]) == (1.0, 3.0)


def test_a_value_is_never_reported_on_a_channel_that_chose_it():
    study = table()
    spoiled = study["method"].eq("good") & study["value"].eq(3.0) & study["channel"].isin(CHANNELS[::2])
    study.loc[spoiled, "exemplar_distance"] -= 1.0  # one half loves value 3, the other does not
    told = verdict.held_out(study).set_index(["method", "channel"])["value"]
    assert all(told["good"][channel] == 2.0 for channel in CHANNELS[::2])
    assert all(told["good"][channel] == 3.0 for channel in CHANNELS[1::2])


def test_pairs_have_the_same_channel_seed_and_nearly_the_same_activation():
    study = table(noise=0.0)
    pairs = verdict.matched(study)
    assert pairs["mean"].to_numpy() == pytest.approx(-0.4 / 3)  # the mean of 0.1, 0.2, 0.1 over the values
    study.loc[study["method"] == "good", "activation"] *= 100
    assert len(verdict.matched(study)) == 0


def test_the_verdict_says_what_the_data_say():
    found, lines = answers(table(gain=0.4, own=0.1))
    assert found["good", "closer to its data set images than a grey square"] == "yes"
    assert found["none", "closer to its data set images than a grey square"] == "no"
    assert found["good", "closer than without a regulariser"] == "yes"
    assert found["good", "closer to its own channel's images than to other channels'"] == "yes"
    assert any("grey square: good. Clearly not: none." in line for line in lines)

    found, lines = answers(table(gain=0.0, own=0.0, noise=0.02))
    assert found["good", "closer than without a regulariser"] == "cannot tell"
    assert found["good", "closer to its own channel's images than to other channels'"] == "cannot tell"
    assert found["good", "closer to its data set images than a grey square"] == "no"
    assert any(line.startswith("Closer than without a regulariser: no method. The data cannot tell") for line in lines)


def test_a_dead_start_is_left_out_and_not_counted_as_zero():
    study = table(gain=0.4)
    dead = study["channel"].eq(3) & study["seed"].eq(1)
    study.loc[dead, ["exemplar_distance", "specificity", "auc", "activation"]] = np.nan
    low = verdict.lowest(study)
    assert np.isfinite(low.to_numpy()).all()
    assert answers(study)[0]["good", "closer to its data set images than a grey square"] == "yes"

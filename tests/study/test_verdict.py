"""The trial's statistics on tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study import verdict

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
                            "code": "a hash, as in a study",
                        }
                    )
    return pd.DataFrame(rows)


def controls(grey=0.95, photographs=0.85, blurred=0.7):
    rows = [{"control": "grey", "channel": c, "exemplar_distance": grey + 0.03 * c} for c in CHANNELS]
    rows += [{"control": "photographs", "channel": c, "exemplar_distance": photographs + 0.03 * c} for c in CHANNELS]
    rows += [{"control": "none, blurred by 2", "channel": c, "exemplar_distance": blurred + 0.03 * c} for c in CHANNELS]
    return pd.DataFrame(rows)


def answers(study, **other):
    told = verdict.held_out(study)
    judged = verdict.judge(told, controls(**other), verdict.matched(study, told))
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
    told = verdict.held_out(study)
    pairs = verdict.matched(study, told)
    assert pairs["mean"].to_numpy() == pytest.approx(-0.2)  # at value 2, which each half chooses for the other
    study.loc[study["method"] == "good", "activation"] *= 100
    assert len(verdict.matched(study, told)) == 0


def test_the_verdict_says_what_the_data_say():
    found, lines = answers(table(gain=0.4, own=0.1))
    assert found["good", "closer to its data set images than a grey square"] == "yes"
    assert found["none", "closer to its data set images than a grey square"] == "no"
    assert found["good", "closer than all pictures that know nothing"] == "yes"
    assert found["good", "closer than pictures without a regulariser, blurred afterwards"] == "no"
    assert found["good", "closer than without a regulariser"] == "yes"
    assert found["good", "closer to its own channel's images than to other channels'"] == "yes"
    assert any("grey square: good. Clearly not: none." in line for line in lines)

    found, lines = answers(table(gain=0.0, own=0.0, noise=0.02))
    assert found["good", "closer than without a regulariser"] == "cannot tell"
    assert found["good", "closer to its own channel's images than to other channels'"] == "cannot tell"
    assert found["good", "closer to its data set images than a grey square"] == "no"
    assert any(line.startswith("Closer than without a regulariser: no method. The data cannot tell") for line in lines)


def test_a_handful_of_channels_gives_no_answer():
    study = table(gain=0.4)
    for count, answer in ((verdict.ENOUGH - 1, "cannot tell"), (verdict.ENOUGH, "yes")):
        found, _ = answers(study[study["channel"] < count])
        assert found["good", "closer than without a regulariser"] == answer
    study.loc[study["method"].eq("good") & study["channel"].gt(1), "activation"] *= 100  # two channels have partners
    assert answers(study)[0]["good", "closer at equal activation"] == "cannot tell"


def test_a_dead_start_is_left_out_and_not_counted_as_zero():
    study = table(gain=0.4)
    dead = study["channel"].eq(3) & study["seed"].eq(1)
    study.loc[dead, ["exemplar_distance", "specificity", "auc", "activation"]] = np.nan
    low = verdict.lowest(study)
    alive = study[study["method"].eq("good") & study["channel"].eq(3) & study["seed"].ne(1) & study["value"].eq(2.0)]
    assert low.loc["good", 3] == pytest.approx(alive["exemplar_distance"].mean())
    told = verdict.held_out(study).set_index(["method", "channel"])["exemplar_distance"]
    assert told["good", 3] == pytest.approx(alive["exemplar_distance"].mean())
    assert answers(study)[0]["good", "closer to its data set images than a grey square"] == "yes"


def test_a_channel_without_any_living_start_and_a_dead_method_are_left_out():
    study = table(gain=0.4)
    study.loc[study["channel"].eq(5), "exemplar_distance"] = np.nan
    assert np.isnan(verdict.lowest(study)[5]).all()
    assert len(verdict.refined(study)) == 2
    assert answers(study)[0]["good", "closer to its data set images than a grey square"] == "yes"
    study.loc[study["method"].eq("good"), "exemplar_distance"] = np.nan
    assert verdict.refined(study)["method"].tolist() == ["none"]
    assert set(verdict.held_out(study)["method"]) == {"none"}


def test_seeds_of_a_channel_count_once():
    study = table(noise=0.05)
    more = pd.concat([study.assign(seed=study["seed"] + 10 * again) for again in range(4)])  # the same numbers again
    widths = [verdict.curves(rows).eval("high - low").mean() for rows in (study, more)]
    assert widths[1] == pytest.approx(widths[0], rel=1e-6)

"""The statistics of a study on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study import statistics
from scipy import stats
from support.studies import MANY_CHANNELS, control_table, snapshot_table, study_table


def test_an_interval_holds_the_mean_of_many_draws_about_as_often_as_it_says():
    generator = np.random.default_rng(1)
    held = 0
    for draw in range(60):
        mean, low, high = statistics.interval(generator.normal(3.0, 1.0, 40), seed=draw)
        assert low < mean < high
        held += low <= 3.0 <= high
    assert held >= 51
    assert np.isnan(statistics.interval(np.array([1.0]))[1])


def test_the_table_is_the_lowest_mean_over_seeds():
    table = study_table()
    low = statistics.lowest_distances(table)
    expected = table[(table["method"] == "good") & (table["value"] == 2.0) & (table["channel"] == 5)]
    assert low.loc["good", 5] == pytest.approx(expected["exemplar_distance"].mean())
    percent = statistics.improvement(low)
    assert percent.loc["none", "mean"] == 0
    assert percent.loc["good", 5] == pytest.approx(100 * (1 - low.loc["good", 5] / low.loc["none", 5]))


def test_the_refined_range_holds_what_cannot_be_held_out_from_the_best():
    clear = statistics.best_ranges(study_table()).set_index("method").loc["good"]
    assert (clear["best"], clear["from"], clear["to"]) == (2.0, 2.0, 2.0)
    unclear = statistics.best_ranges(study_table(gain=0.01, noise=0.2)).set_index("method").loc["good"]
    assert (unclear["from"], unclear["to"]) == (1.0, 3.0)


def test_a_value_is_never_reported_on_a_channel_that_chose_it():
    table = study_table()
    spoiled = table["method"].eq("good") & table["value"].eq(3.0) & table["channel"].isin(MANY_CHANNELS[::2])
    table.loc[spoiled, "exemplar_distance"] -= 1.0  # one half loves value 3, the other does not
    held_out = statistics.held_out(table).set_index(["method", "channel"])["value"]
    assert all(held_out["good"][channel] == 2.0 for channel in MANY_CHANNELS[::2])
    assert all(held_out["good"][channel] == 3.0 for channel in MANY_CHANNELS[1::2])


def test_pairs_have_the_same_channel_seed_and_nearly_the_same_activation():
    table, snapshots = study_table(noise=0.0, set_effect=0.0), snapshot_table()
    held_out = statistics.held_out(table)
    pairs = statistics.activation_pairs(table, held_out, snapshots)
    assert pairs["mean"].to_numpy() == pytest.approx(-0.2)  # at value 2, which each half chooses for the other
    assert set(pairs["method"]) == {"good"}
    table.loc[table["method"] == "good", "activation"] *= 100
    assert len(statistics.activation_pairs(table, held_out, snapshots)) == 0


def test_partners_come_from_the_climb_and_not_from_other_step_sizes():
    """Pictures of other steps are far for their grain; with them as partners, every method would gain."""
    table, snapshots = study_table(gain=0.0, noise=0.0, set_effect=0.0), snapshot_table()
    table.loc[table["method"] == "none", "exemplar_distance"] += 0.3
    pairs = statistics.activation_pairs(table, statistics.held_out(table), snapshots)
    assert pairs["mean"].to_numpy() == pytest.approx(0.0)
    assert (pairs["size"] == 3).all() and len(pairs) == len(MANY_CHANNELS)


def test_p_of_random_signs_is_uniform_without_an_effect_and_small_with_one():
    generator = np.random.default_rng(0)
    nothing = [statistics.sign_flip_p(generator.normal(size=20), 199) for _ in range(200)]
    assert stats.kstest(nothing, "uniform").pvalue > 0.01
    assert statistics.sign_flip_p(1 + generator.normal(size=20)) < 0.01
    assert np.isnan(statistics.sign_flip_p([1.0, np.nan]))


def test_holm_is_what_the_book_says():
    np.testing.assert_allclose(statistics.holm([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06])
    assert statistics.holm([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_a_dead_start_is_left_out_and_not_counted_as_zero():
    table = study_table(gain=0.4)
    dead = table["channel"].eq(3) & table["seed"].eq(1)
    table.loc[dead, "exemplar_distance"] = np.nan
    low = statistics.lowest_distances(table)
    alive = table[table["method"].eq("good") & table["channel"].eq(3) & table["seed"].ne(1) & table["value"].eq(2.0)]
    assert low.loc["good", 3] == pytest.approx(alive["exemplar_distance"].mean())
    held_out = statistics.held_out(table).set_index(["method", "channel"])["exemplar_distance"]
    assert held_out["good", 3] == pytest.approx(alive["exemplar_distance"].mean())


def test_a_channel_without_any_living_start_and_a_dead_method_are_left_out():
    table = study_table(gain=0.4)
    table.loc[table["channel"].eq(5), "exemplar_distance"] = np.nan
    assert np.isnan(statistics.lowest_distances(table)[5]).all()
    assert len(statistics.best_ranges(table)) == 2
    table.loc[table["method"].eq("good"), "exemplar_distance"] = np.nan
    assert statistics.best_ranges(table)["method"].tolist() == ["none"]
    assert set(statistics.held_out(table)["method"]) == {"none"}


def test_seeds_of_a_channel_count_once():
    table = study_table(noise=0.05)
    more = pd.concat([table.assign(seed=table["seed"] + 10 * again) for again in range(4)])  # the same numbers again
    widths = [statistics.curves(rows).eval("high - low").mean() for rows in (table, more)]
    assert widths[1] == pytest.approx(widths[0], rel=1e-6)


def test_a_ranking_puts_controls_among_the_methods():
    table, controls = study_table(seeds=(0,)), control_table()
    ranking = statistics.ranking(table, controls, ["grey", "own images"])
    assert ranking.index.tolist() == ["[own images]", "[grey]", "good", "none"]
    grey = controls[(controls["control"] == "grey") & (controls["channel"] == 3)]["exemplar_distance"].iloc[0]
    assert ranking.loc["[grey]", 3] == pytest.approx(grey)


def test_gains_are_measured_from_the_best_and_from_the_coarsest_step_of_the_base():
    rows = {"none": {0.01: 1.0, 0.1: 2.0}, "good": {5.0: 0.5}}
    table = pd.DataFrame(
        [
            {"method": method, "value": value, "channel": 0, "seed": 0, "exemplar_distance": distance}
            for method, values in rows.items()
            for value, distance in values.items()
        ]
    )
    published = pd.DataFrame({0: [1.0, 0.8]}, ["none", "good"])
    gains = statistics.gains(table, published)
    assert gains.loc["good"].tolist() == pytest.approx([50, 75, 20])
    assert gains.loc["none"].tolist() == pytest.approx([0, 50, 0])


def test_a_value_that_is_dead_on_a_far_channel_does_not_look_nearer():
    table = study_table(noise=0.0, set_effect=0.0)
    good = table["method"].eq("good")
    worse = good & table["value"].eq(3.0)
    far = table["channel"].isin(MANY_CHANNELS[2:4])
    table.loc[far, "exemplar_distance"] += 5.0
    table.loc[worse & far, "exemplar_distance"] = np.nan
    assert set(statistics.held_out(table).query("method == 'good'")["value"]) == {2.0}
    assert statistics.ranked_values(table[good])[0] == 2.0

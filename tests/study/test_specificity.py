"""Specificity on matrices whose truth is known: what has none gets none, what has some gets it back."""

import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study import specificity
from featviz_helpers.study.statistics import interval
from scipy import stats
from support.studies import matrix


def found(rows):
    return specificity.add(rows)["specificity"].to_numpy()


def p_value(rows, draws=999):
    residuals = specificity.residuals(specificity.distances(rows))
    return specificity.permutation_p(specificity.square(residuals, rows), draws)


def test_effects_of_pictures_and_sets_are_taken_out_exactly():
    """Different own effects, no noise: each picture gets its own back, also beside a dead start."""
    own = np.linspace(-0.02, 0.05, 12)
    rows = matrix(np.random.default_rng(0), 12, own=own, noise=0.0)
    np.testing.assert_allclose(found(rows), own, atol=1e-9)
    rows.loc[5, [f"to {number}" for number in range(12)]] = np.nan
    np.testing.assert_allclose(found(rows), np.where(np.arange(12) == 5, np.nan, own), atol=1e-9)


def test_a_picture_that_is_as_near_to_all_sets_ranks_at_chance():
    """Ties count half: a grey square is no farther from other sets than from its own."""
    rows = matrix(np.random.default_rng(0), 6, own=np.zeros(6), noise=0.0)
    rows[[f"to {number}" for number in range(6)]] = 1.0
    assert specificity.add(rows)["auc"].tolist() == [0.5] * 6


def test_sets_alone_never_give_specificity():
    """The same pictures for every channel, as a grey square is: others minus own differs, this does not."""
    rows = matrix(np.random.default_rng(0), row=0.0, column=0.1, noise=0.0)
    distances = specificity.distances(rows).to_numpy()
    naive = (distances.sum(axis=1) - 32 * np.diag(distances)) / 31
    assert naive.max() > 0.05 and naive.min() < -0.05
    np.testing.assert_allclose(found(rows), 0, atol=1e-9)
    assert p_value(rows) == 1.0


@pytest.mark.slow
def test_without_specificity_p_is_uniform():
    generator = np.random.default_rng(0)
    drawn = [p_value(matrix(generator, 24, column=0.2), 199) for _ in range(200)]
    assert stats.kstest(drawn, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_specificity_is_found_where_it_is():
    """Own sets nearer by half the noise: the mean of 32 pictures has an error of a sixth of the noise."""
    generator = np.random.default_rng(0)
    drawn = [matrix(generator, own=0.005, column=0.2) for _ in range(100)]
    assert np.mean([p_value(rows, 199) < 0.05 for rows in drawn]) > 0.7
    means = np.array([found(rows).mean() for rows in drawn])
    assert means.mean() == pytest.approx(0.005, abs=0.0008)


@pytest.mark.slow
def test_intervals_hold_the_true_mean_about_as_often_as_they_say():
    generator, held = np.random.default_rng(0), 0
    for draw in range(100):
        own = 0.01 + 0.01 * generator.normal(size=32)  # channels differ; 0.01 is what many of them have
        _, low, high = interval(found(matrix(generator, own=own)), seed=draw)
        held += low <= 0.01 <= high
    assert 88 <= held <= 99


def test_the_interval_does_not_hold_how_ordinary_the_sets_are():
    rows = matrix(np.random.default_rng(0), own=0.01, column=0.1)
    distances = specificity.distances(rows).to_numpy()
    naive = (distances.sum(axis=1) - 32 * np.diag(distances)) / 31
    widths = [np.diff(interval(values)[1:])[0] for values in (naive, found(rows))]
    assert widths[1] < widths[0] / 5
    assert found(rows).mean() == pytest.approx(naive.mean(), rel=0.1)


def test_pictures_of_each_method_value_and_seed_are_one_matrix():
    """A seed whose pictures are all far from some set says nothing about another seed."""
    generator = np.random.default_rng(0)
    first, second = matrix(generator, 8, own=0.02, noise=0.0), matrix(generator, 8, own=0.04, noise=0.0)
    rows = pd.concat([first, second.assign(seed=1)], ignore_index=True)
    np.testing.assert_allclose(found(rows), np.repeat([0.02, 0.04], 8), atol=1e-9)
    square = specificity.square(specificity.residuals(specificity.distances(rows)), first)
    shrunk = 1 - 1 / 8  # own cells pull their rows and columns along
    np.testing.assert_allclose(np.diag(square), -0.03 * shrunk, atol=1e-9)


def test_auc_is_the_share_of_sets_that_fit_less_well():
    rows = matrix(np.random.default_rng(0), own=0.5, noise=0.01)
    assert (specificity.add(rows)["auc"] == 1.0).all()
    nothing = specificity.add(matrix(np.random.default_rng(1), 64, column=0.3))["auc"]
    assert nothing.mean() == pytest.approx(0.5, abs=0.1)

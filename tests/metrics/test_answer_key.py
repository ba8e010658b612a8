"""The answer key and the grades: right for pictures whose truth is known, wrong for wrong ones."""

import functools

import numpy as np
import pytest
from featviz_helpers.data import shapes
from featviz_helpers.metrics import answer_key as truth
from featviz_helpers.metrics.answer_key import class_selectivity
from sklearn.metrics import roc_auc_score
from support.networks import shapesnet


@functools.cache
def grader():
    return truth.Grader(shapesnet(), "mixed2", count=1280)


class Stripes:
    """A network of four channels that like horizontal, rising, vertical and falling lines by construction."""

    @staticmethod
    def activations(images, layer):
        from featviz_helpers.metrics import spectra

        degrees, strength = spectra.orientation(images)
        wanted = np.array([0.0, 45.0, 90.0, 135.0])
        tuned = strength[:, None] * (1 + np.cos(np.radians(2 * (degrees[:, None] - wanted))))
        return tuned[:, None, None, :]


def test_the_key_finds_the_orientation_that_a_channel_was_made_for():
    key = truth.answer_key(Stripes(), "any", count=640)
    away = (key["orientation_deg"].to_numpy() - np.array([0.0, 45.0, 90.0, 135.0]) + 90) % 180 - 90
    assert np.abs(away).max() < 8
    assert key["orientation_strength"].min() > 0.3
    assert key["class_name"].dropna().str.contains("stripes").all()


def test_a_channel_without_preference_has_no_key():
    class Flat:
        @staticmethod
        def activations(images, layer):
            return np.ones((len(images), 1, 1, 2), np.float32)

    key = truth.answer_key(Flat(), "any", count=320)
    assert key[["orientation_deg", "frequency_cpp", "hue_deg"]].isna().all(axis=None)
    assert key["class_name"].isna().all()
    assert key["hue_strength"].max() < 0.05
    assert key["orientation_strength"].max() < 0.05


@pytest.mark.slow
def test_the_forest_knows_fresh_shapes():
    assert grader().accuracy > 0.85  # 29 classes: chance is 0.03


def picture(name, seed=9):
    drawn = shapes.draw(8, seed, classes=[name])
    return drawn.images


def first_channel(column, test):
    key = grader().key
    return int(key.index[test(key[column])][0])


@pytest.mark.slow
def test_the_right_picture_gets_the_better_grade():
    stripes = first_channel("class_name", lambda names: names.eq("fine vertical stripes"))
    right, wrong = (
        grader().grade(picture(name), [stripes] * 8).mean() for name in ("fine vertical stripes", "horizontal stripes")
    )
    assert right["orientation"] > 0.9 > 0.2 > wrong["orientation"]
    assert right["class"] > 0.6 > 0.2 > wrong["class"]
    assert right["grade"] > wrong["grade"] + 0.4


@pytest.mark.slow
def test_hue_is_graded_by_its_angle():
    green = first_channel("hue_deg", lambda hue: (hue - 120).abs() < 30)
    right, wrong = (grader().grade(picture(name), [green] * 8)["hue"].mean() for name in ("green disc", "red disc"))
    assert right > 0.85
    assert wrong < 0.5


@pytest.mark.slow
def test_frequency_is_graded_in_octaves():
    fine = first_channel("frequency_cpp", lambda f: f.eq(np.mean(shapes.FINE)))
    right, wrong = (
        grader().grade(picture(name), [fine] * 8)["frequency"].mean() for name in ("fine checks", "coarse checks")
    )
    assert right > wrong + 0.3


@pytest.mark.slow
def test_a_dead_start_has_no_grade():
    images = picture("rings")
    images[2] = np.nan
    grades = grader().grade(images, [0] * 8)
    assert grades.loc[2].isna().all()
    assert grades["grade"].notna().sum() == 7


@pytest.mark.parametrize(("period", "octave"), [(96, 0), (48, 0), (24, 1), (12, 2), (6, 3), (3, 4), (2, 5)])
@pytest.mark.parametrize("angle", [0, 90])
def test_a_picture_is_described_by_the_direction_and_octave_of_its_stripes(period, octave, angle):
    wave = np.cos(2 * np.pi * np.arange(192) / period)
    across = wave[None, :] if angle == 0 else wave[:, None]
    (numbers,) = truth.describe(np.broadcast_to(across[None, :, :, None], (1, 192, 192, 3)))
    directions, octaves = truth.BINS
    shares = numbers[: directions * octaves].reshape(truth.BINS) ** 2
    assert shares.sum() == pytest.approx(1)
    assert shares[angle * directions // 180, octave] > 0.6, "the window spreads a wave a little"


def test_selectivity_is_the_best_area_under_the_curve():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 40)
    responses = np.round(generator.normal(size=(40, 4)) + (labels == 1)[:, None], 1)
    expected = [max(roc_auc_score(labels == label, column) for label in range(3)) for column in responses.T]
    np.testing.assert_allclose(class_selectivity(responses, labels), expected)
    assert class_selectivity((labels == 2)[:, None] - 7.0, labels).item() == 1
    with pytest.raises(ValueError, match="One label per image"):
        class_selectivity(responses, labels[:-1])
    with pytest.raises(ValueError, match="two classes or more"):
        class_selectivity(responses, np.zeros(40))


def test_class_scores_have_an_answer_key_too():
    table = truth.answer_key(shapesnet(), "logits", 64)
    assert len(table) == shapesnet().layers["logits"]

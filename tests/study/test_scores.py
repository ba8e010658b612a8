"""Scores of pictures against brute force, and the channels that they are compared with."""

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study.scores import WHOLE, branches, draw_background
from support.networks import shapesnet
from support.studies import CHANNELS


def test_a_score_is_what_its_definition_says(scores):
    images = np.stack([scores.sets[10][0], scores.sets[28][1], np.full((64, 64, 3), np.nan, np.float32)])
    activations = np.array([1e6, -1.0, np.nan])
    table = pd.DataFrame(scores.score(scores.distances(images), [10, 28, 10], activations))
    distance = fv.distance("pixels")
    means = {
        channel: [np.mean([distance.pairs(image[None], other[None])[0] for other in own]) for image in images[:2]]
        for channel, own in scores.sets.items()
    }
    for i, own in enumerate((10, 28)):
        others = [values[i] for channel, values in means.items() if channel != own]
        row = table.iloc[i]
        assert row["exemplar_distance"] == pytest.approx(means[own][i], rel=1e-4)
        assert row["other_distance"] == pytest.approx(np.mean(others), rel=1e-4)
        assert row["others_minus_own"] == pytest.approx(np.mean(others) - means[own][i], abs=1e-4)
        assert row["rank"] == 1 + sum(value < means[own][i] for value in others)
    assert table["activation_percentile"].tolist()[:2] == [100.0, 0.0]
    assert table.iloc[2].isna().all()


def test_a_half_judges_what_was_shown_the_other(scores):
    image = np.stack([scores.sets[10][1]] * 3)
    pixels, column = fv.distance("pixels"), scores.all_channels.index(28)
    near = scores.distances(image, halves=[0, 1, WHOLE])[:, column]
    for found, images in zip(near, (*scores.halves[28], scores.sets[28]), strict=True):
        assert found == pytest.approx(pixels.matrix(image[:1], images).mean(), rel=1e-4)
    shown, judging = scores.halves[28]
    np.testing.assert_array_equal(np.concatenate([shown, judging]), scores.sets[28][[0, 2, 1, 3]])


def test_rows_hold_both_judges_and_the_whole_matrix(data, exemplars):
    judges = fv.distance("pixels"), fv.distance("ssim")
    given = {"background": 6, "size": 64, "k": 4, "place_free": judges[1]}
    scores = fv.study.ExemplarScores(shapesnet(), data, exemplars, judges[0], CHANNELS, **given)
    images = np.stack([scores.sets[10][0], scores.sets[28][1]])
    rows = scores.rows(images, [10, 28], np.array([1.0, 2.0]))
    for prefix, judge in zip(("", "place_free_"), judges, strict=True):
        expected = judge.matrix(images[1:], scores.sets[28]).mean()
        assert rows[f"{prefix}exemplar_distance"][1] == pytest.approx(expected, rel=1e-4)
        assert rows[f"{prefix}to 28"][1] == pytest.approx(expected, rel=1e-4)
        assert [f"{prefix}to {channel}" for channel in scores.all_channels] == [
            name for name in rows if name.startswith(f"{prefix}to ")
        ]


def test_background_channels_are_active_and_come_from_every_branch(exemplars):
    ranges = branches(shapesnet(), "mixed2")
    assert [len(branch) for branch in ranges] == [28, 40, 32, 20]
    background = draw_background(shapesnet(), exemplars, "mixed2", 16, avoid=CHANNELS)
    assert len(set(background)) == 16
    assert not set(background) & set(CHANNELS)
    assert [sum(channel in branch for channel in background) for branch in ranges] == [4, 4, 4, 4]
    with pytest.raises(ValueError, match=r"120 background channels .* Take fewer"):
        draw_background(shapesnet(), exemplars, "mixed2", 120, avoid=CHANNELS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"layer": "logits"}, "class scores have none"),
        ({"k": 5}, "from 1 to 4; got 5. The scan kept no more"),
        ({"channels": [120]}, "channels 0 to 119"),
        ({"data": fv.ShapesImages(256, seed=4)}, "found with another fingerprint"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, says, data, exemplars):
    given = {"data": data, "channels": CHANNELS, "background": 6, "size": 64, "k": 4} | changes
    with pytest.raises(ValueError, match=says):
        fv.study.ExemplarScores(shapesnet(), exemplars=exemplars, distance=fv.distance("pixels"), **given)

"""Controls: the pictures are what they are named for, and blurring afterwards is scored on the right pictures."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.study import controls


def test_the_noises_have_the_spectra_that_they_are_named_for():
    images = controls.natural_noise(128, [0, 1, 2, 3])
    frequency, power = fv.spectra.profile(images, bins=16)
    slope = np.polyfit(np.log(frequency[1:12]), np.log(power.mean(axis=0)[1:12]), 1)[0]
    assert abs(slope + 2) < 0.4  # amplitude 1/f is power 1/f^2
    flat = fv.spectra.profile(controls.white_noise(128, [0, 1, 2, 3]), bins=16)[1].mean(axis=0)
    assert abs(np.polyfit(np.log(frequency[1:12]), np.log(flat[1:12]), 1)[0]) < 0.2
    assert not np.array_equal(images[0], images[1])


def test_images_that_cannot_be_read_are_no_controls(scores, monkeypatch):
    damaged = dict.fromkeys(scores.data.names[::2], "truncated")
    monkeypatch.setitem(scores.exemplars.meta, "damaged", damaged)
    loaded = []
    monkeypatch.setattr(scores, "load", lambda name: loaded.append(name) or np.zeros((64, 64, 3), np.float32))
    controls.pictures(scores)
    assert loaded and not set(loaded) & damaged.keys()


@pytest.mark.slow
def test_controls_know_their_channels(scores):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    table = controls.score(scores, [controls.BasePictures(images, [10, 28], [5, 6])], seeds=[0])
    assert set(table["channel"]) == set(scores.all_channels)
    # Every control once per channel, apart from the blurred pictures, which belong to one.
    assert table[table["control"] == "grey"]["channel"].tolist() == scores.all_channels
    blurred = table[table["control"] == f"{controls.BLURRED}, {controls.BLURS[0]:g}"]
    assert blurred[["channel", "seed"]].to_numpy().tolist() == [[10, 5], [28, 6]]
    expected = scores.distances(controls.blur(images, controls.BLURS[0] * 64 / 224))
    column = scores.all_channels.index(28)
    np.testing.assert_allclose(blurred["exemplar_distance"].iloc[1], expected[1, column], rtol=1e-5)
    shown, judging = scores.halves[28]
    expected = fv.distance("pixels").matrix(shown[:1], judging).mean()
    own = table[(table["control"] == "own images") & (table["channel"] == 28)]
    np.testing.assert_allclose(own["exemplar_distance"].iloc[0], expected, rtol=1e-4)
    assert own["seed"].tolist() == [0, 1, 2, 3]
    blind = table[table["control"] == "photographs"]
    assert blind.groupby("seed")["channel"].apply(list).tolist() == [scores.all_channels] * 4
    assert blind["to 28"].nunique() > 8, "each channel has its own, or all of them would have the effect of a few"


@pytest.mark.parametrize("dead", [[1], [0, 1]])
def test_a_dead_start_of_the_base_is_scored_as_unknown(scores, dead):
    """A channel that is off everywhere has no picture: the controls of a long study must not fail on it at its end."""
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    images[dead] = np.nan
    table = controls.score(scores, [controls.BasePictures(images, [10, 28], [5, 6])], seeds=[0])
    blurred = table[table["method"] == controls.BLURRED]
    unknown = blurred["channel"].isin([[10, 28][i] for i in dead])
    assert blurred["exemplar_distance"].isna().equals(unknown) and blurred["activation"].isna().equals(unknown)


def test_an_image_of_two_channels_is_not_compared_with_itself(scores, monkeypatch):
    """Channel 28's weaker half is channel 10's stronger one."""
    shifted, names = {10: [0, 1, 2, 3], 28: [1, 0, 3, 2]}, scores.names(10)
    sets = {channel: scores.sets[10][shifted.get(channel, [0, 1, 2, 3])] for channel in scores.all_channels}
    monkeypatch.setattr(scores, "names", lambda channel: [names[i] for i in shifted.get(channel, range(4))])
    monkeypatch.setitem(scores.__dict__, "sets", sets)
    table = controls.score(scores, seeds=[0])
    first = table[(table["control"] == "own images") & (table["channel"] == 10)].iloc[0]
    expected = fv.distance("pixels").pairs(sets[10][:1], sets[10][2:3])[0]
    assert first["to 28"] == pytest.approx(expected, rel=1e-4)


def test_the_mean_control_is_the_mean_of_the_data(scores):
    images = np.stack([scores.load(name) for name in scores.data.names])
    images = fv.from_uint8(images) if images.dtype == np.uint8 else images
    np.testing.assert_allclose(controls.pictures(scores)["mean of the data"][0], images.mean(axis=0), atol=1e-5)

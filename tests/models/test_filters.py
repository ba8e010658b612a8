"""First-layer filters: colour shares by identities, kernels against what the network does, files of any layout."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from featviz_helpers.common.errors import MissingWeights
from featviz_helpers.models import filters
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.networks import pictures, shapesnet

from data_scripts import make_filters

KERNELS = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)


@given(arrays(np.float32, (2, 3, 3, 3), elements=st.floats(-4, 4, width=16)), st.floats(0.5, 3))
def test_shares_are_shares_and_know_no_strength(kernels, factor):
    shares = filters.colour_shares(kernels)
    seen = np.isfinite(shares)
    assert ((shares[seen] >= 0) & (shares[seen] <= 1 + 1e-9)).all()
    np.testing.assert_array_equal(seen, (kernels != 0).any(axis=(1, 2, 3)))
    np.testing.assert_allclose(filters.colour_shares(factor * kernels.astype(float))[seen], shares[seen], atol=1e-6)


def test_a_grey_filter_has_no_colour_and_an_opponent_nothing_else():
    grey, red_green = KERNELS[..., :1] * np.ones(3), KERNELS[..., :1] * np.array([1, -1, 0])
    np.testing.assert_allclose(filters.colour_shares(grey), 0, atol=1e-12)
    np.testing.assert_allclose(filters.colour_shares(red_green), 1)
    np.testing.assert_allclose(filters.colour_shares(grey + red_green), 0.4)  # 3 parts of grey, 2 of colour
    many = np.random.default_rng(1).normal(size=(4000, 3, 3, 3))
    assert filters.colour_shares(many).mean() == pytest.approx(2 / 3, abs=0.01)
    assert np.isnan(filters.colour_shares(0 * KERNELS)).all()


def network(activation=None):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((24, 24, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same", activation=activation, name="first")(inputs)
    if activation is None:
        x = keras.layers.BatchNormalization(name="norm")(x)
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="second")(x))
    if activation is None:
        norm = model.get_layer("norm")
        norm.set_weights([np.array(values) for values in ([2, 1, 1, 3, 1], [0] * 5, [0] * 5, [4, 1, 1, 1, 1])])
    return fv.Backbone(model, "small", preprocess=lambda images: 0.5 * images + 0.1)


def test_kernels_of_a_backbone_are_slopes_with_scale_and_preprocessing():
    kernel = network().model.get_layer("first").kernel.numpy().transpose(3, 0, 1, 2)
    scale = np.array([2, 1, 1, 3, 1]) / np.sqrt(np.array([4, 1, 1, 1, 1]) + 1e-3)
    bank = filters.first_filters(network())
    np.testing.assert_allclose(bank.kernels, 0.5 * scale[:, None, None, None] * kernel, rtol=1e-4, atol=1e-6)
    own = network("relu")  # an activation of the convolution's own does not count
    kernel = own.model.get_layer("first").kernel.numpy().transpose(3, 0, 1, 2)
    np.testing.assert_allclose(filters.first_filters(own).kernels, 0.5 * kernel, rtol=1e-4, atol=1e-6)


def test_shapesnets_filters_hold_the_averages_before_its_convolution():
    bank, image = filters.first_filters(shapesnet()), pictures(1, 64)
    assert bank.kernels.shape == (16, 7, 7, 3)
    here, there = (shapesnet().activations(one, "stem1_bn")[0, 16, 16] for one in (image, 0 * image))
    reach = next(
        (bank.kernels * image[0, row : row + 7, column : column + 7]).sum(axis=(1, 2, 3))
        for row in range(24, 40)
        for column in range(24, 40)
        if np.allclose(
            (bank.kernels * image[0, row : row + 7, column : column + 7]).sum(axis=(1, 2, 3)), here - there, atol=1e-4
        )
    )
    assert len(reach) == 16


def test_one_scale_for_all_and_a_random_bank_as_strong():
    bank = filters.FilterBank("bank", np.array([1, 2, 3, 4], np.float32)[:, None, None, None] * KERNELS)
    assert np.abs(bank.pictures).max() == 1
    np.testing.assert_allclose(bank.pictures * np.abs(bank.kernels).max(), bank.kernels, rtol=1e-6)
    noise = filters.random_filters(bank, seed=3)
    norms = [np.linalg.norm(one.kernels.reshape(4, -1), axis=1) for one in (bank, noise)]
    np.testing.assert_allclose(*norms, rtol=1e-5)
    assert "random" in noise.name
    np.testing.assert_array_equal(noise.kernels, filters.random_filters(bank, seed=3).kernels)


def test_a_dead_filter_has_no_share_of_colour_and_is_named_above_the_sheet():
    kernels = KERNELS / np.linalg.norm(KERNELS.reshape(4, -1), axis=1)[:, None, None, None]
    kernels[1] *= 0.004
    kernels[2] *= 0.006  # of 0.5, the median
    bank = filters.FilterBank("bank", kernels)
    assert bank.dead.tolist() == [False, True, False, False]
    assert np.isnan(bank.colour_shares).tolist() == bank.dead.tolist()
    assert make_filters.heading(bank).endswith("the last 1 dead")
    assert "dead" not in make_filters.heading(filters.FilterBank("bank", KERNELS))


def test_files_of_every_layout_hold_the_same_filters(tmp_path):
    torch = pytest.importorskip("torch")
    layout = np.ascontiguousarray(KERNELS.transpose(0, 3, 1, 2))
    expected = KERNELS / (2 * np.array(filters.IMAGENET_STD))
    np.save(tmp_path / "a.npy", layout)
    np.savez(tmp_path / "a.npz", bias=np.ones(4), weight=KERNELS.transpose(1, 2, 3, 0))
    for old in (False, True):
        state = {"features.0.weight": torch.tensor(layout), "features.0.bias": torch.ones(4)}
        torch.save(state, tmp_path / f"{old}.pth", _use_new_zipfile_serialization=not old)
    for name in ("a.npy", "a.npz", "False.pth", "True.pth"):
        np.testing.assert_allclose(filters.filters_from_file(tmp_path / name).kernels, expected, rtol=1e-5)
    plain = filters.filters_from_file(tmp_path / "a.npy", "mine", std=(0.5, 0.5, 0.5))
    np.testing.assert_allclose(plain.kernels, KERNELS, rtol=1e-6)
    assert plain.name == "mine"


@pytest.mark.parametrize(("conv", "name"), [("conv1", "bn1"), ("features.conv0", "features.norm0")])
def test_a_batch_norm_of_the_file_counts_if_it_is_the_first_convolutions(tmp_path, conv, name):
    layout = np.ascontiguousarray(KERNELS.transpose(0, 3, 1, 2))
    norm = {f"{name}.weight": np.full(4, 3.0), f"{name}.running_var": np.full(4, 9.0 - 1e-5)}
    rest = {"layer1.weight": np.ones((4, 4, 3, 3)), "layer1.running_var": np.full(4, 4.0)}
    np.savez(tmp_path / "own.npz", **{f"{conv}.weight": layout}, **norm, **rest)
    np.savez(tmp_path / "none.npz", **{f"{conv}.weight": layout}, **rest)
    own, none = (filters.filters_from_file(tmp_path / f"{name}.npz").kernels for name in ("own", "none"))
    np.testing.assert_allclose(own, none, rtol=1e-5)  # 3 / sqrt(9) is 1
    np.savez(tmp_path / "twice.npz", **{f"{conv}.weight": layout}, **(norm | {f"{name}.weight": np.full(4, 6.0)}))
    np.testing.assert_allclose(filters.filters_from_file(tmp_path / "twice.npz").kernels, 2 * none, rtol=1e-5)


def test_mistakes_are_explained_in_a_sentence(tmp_path):
    with pytest.raises(MissingWeights, match=r"no weights file at .*gone.pth"):
        filters.filters_from_file(tmp_path / "gone.pth")
    (tmp_path / "words.pth").write_text("no weights")
    with pytest.raises(ValueError, match=r"words.pth' holds no arrays that can be read"):
        filters.filters_from_file(tmp_path / "words.pth")
    (tmp_path / "weights.txt").write_text("")
    with pytest.raises(ValueError, match=r"ends in .pth, .pt, .npy or .npz"):
        filters.filters_from_file(tmp_path / "weights.txt")
    np.save(tmp_path / "grey.npy", np.ones((4, 1, 3, 3)))
    with pytest.raises(ValueError, match=r"no filters that read three colours; it begins with grey \(4, 1, 3, 3\)"):
        filters.filters_from_file(tmp_path / "grey.npy")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="holds no arrays that can be read"):
        filters.filters_from_file(tmp_path / "objects.npy")
    with pytest.raises(ValueError, match=r"\(n, h, w, 3\); got an array of shape \(2, 2\)"):
        filters.colour_shares(np.ones((2, 2)))
    inputs = keras.Input((24, 24, 3))
    grey = keras.Model(inputs, keras.layers.AveragePooling2D(2, name="grey")(inputs))
    with pytest.raises(ValueError, match="has no convolution that reads three colours"):
        filters.first_filters(fv.Backbone(grey, "blind"))


def test_the_script_draws_every_bank_and_prints_its_shares(tmp_path):
    np.savez(tmp_path / "a.npz", weight=KERNELS.transpose(1, 2, 3, 0))
    grey = np.broadcast_to(KERNELS[..., :1], KERNELS.shape)
    np.save(tmp_path / "b.npy", grey.transpose(0, 3, 1, 2) * np.array(filters.IMAGENET_STD)[:, None, None])
    asked = [f"first={tmp_path / 'a.npz'}", f"grey={tmp_path / 'b.npy'}", "--out", str(tmp_path)]
    result = CliRunner().invoke(make_filters.main, asked, catch_exceptions=False)
    lines = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()[1:]}
    assert list(map(float, lines["grey"])) == [4, 0, 3, 1, 0, 0, 0]
    assert list(map(float, lines["first"][:3])) == [4, 0, 3]
    assert (tmp_path / "filters.jpg").stat().st_size > 1000


@pytest.mark.parametrize("std", [(0, 1, 1), (-1, 1, 1), (0.5, 0.5), 0.5, "rgb", (np.nan, 1, 1)])
def test_what_colours_are_divided_by_is_three_numbers_above_0(tmp_path, std):
    np.save(tmp_path / "a.npy", KERNELS.transpose(0, 3, 1, 2))
    with pytest.raises(ValueError, match="std must be"):
        filters.filters_from_file(tmp_path / "a.npy", std=std)

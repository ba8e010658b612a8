"""Both ShapesNets: the bundled weights are the ones that the card describes, and their channels are alive."""

import hashlib
import json
from pathlib import Path

import featviz_helpers as fv
import keras
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.data.shapes import CLASS_KEY, CLASSES, draw
from featviz_helpers.models import shapesnet

from data_scripts.compare_twins import differences, section
from data_scripts.train_shapesnet import card, exchange, name_of

DATA = Path(shapesnet.__file__).parent / "weights"
RECORDS = {name: json.loads((DATA / f"{name}.json").read_text()) for name in ("shapesnet", "shapesnet_plain")}
BLOCKS = [f"mixed{i}" for i in range(5)]


def load(name):
    keras.utils.set_random_seed(0)  # so that a file that does not load fails the same way each time
    net = shapesnet.build()
    net.load_weights(DATA / f"{name}.weights.h5")
    return net


@pytest.fixture(scope="module", params=RECORDS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return load(name)


@pytest.fixture(scope="module")
def data_run(model):
    """500 fresh images with their class scores and the response of each channel of each block."""
    shapes = draw(500, seed=424_242)
    probe = keras.Model(model.input, [model.output, *[model.get_layer(name).output for name in BLOCKS]])
    parts = [probe(shapes.images[i : i + 250], training=False) for i in range(0, 500, 250)]
    scores = np.concatenate([part[0].numpy() for part in parts])
    means = {
        name: np.concatenate([part[k].numpy().mean(axis=(1, 2)) for part in parts]) for k, name in enumerate(BLOCKS, 1)
    }
    return shapes, scores, means


def test_weights_are_the_ones_on_the_card(name):
    content = (DATA / f"{name}.weights.h5").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert RECORDS[name]["sha256"] == digest
    assert f"`{digest}`" in (DATA / f"{name}.md").read_text()
    assert len(content) == RECORDS[name]["bytes"] <= 2_000_000


def test_cards_are_written_from_the_records_and_the_twins_from_its_pictures_too(name):
    comparison = section(fv.study.twins()) if name == "shapesnet_plain" else ""
    assert (DATA / f"{name}.md").read_text() == card(RECORDS[name]) + comparison


def test_a_gain_is_the_mean_over_channels_and_lies_in_its_interval():
    rows = [(channel, name, channel / 10 + (name == "jitter") / 2) for channel in range(9) for name in fv.METHODS]
    gains = differences(pd.DataFrame(rows, columns=["channel", "method", "grade"]))
    np.testing.assert_allclose(gains.loc["jitter"], 0.5)
    np.testing.assert_allclose(gains.loc["L2"], 0, atol=1e-9)


def test_the_twins_differ_in_the_adversarial_noise_alone():
    robust, plain = ({**record["settings"], **record["seeds"]} for record in RECORDS.values())
    differs = {key for key in robust if robust[key] != plain[key]}
    assert differs == {"epsilon", "attack_steps"} and plain["epsilon"] == plain["attack_steps"] == 0
    assert [name_of(record) for record in RECORDS.values()] == list(RECORDS)


@pytest.mark.slow
def test_exchange_moves_a_channel_and_keeps_the_function():
    net, images = load("shapesnet"), draw(4, seed=1).images  # a fresh network's channels may all be silent
    block = keras.Model(net.input, net.get_layer("mixed2").output)
    scores, channels = net(images).numpy(), block(images).numpy()
    exchange(net, "mixed2", 0, 5)
    np.testing.assert_allclose(net(images), scores, rtol=1e-4, atol=1e-5)
    moved = block(images).numpy()
    np.testing.assert_allclose(moved[..., [0, 5]], channels[..., [5, 0]], rtol=1e-4, atol=1e-5)
    assert not np.allclose(moved[..., 0], channels[..., 0])


def test_record_describes_this_network(name, model):
    record = RECORDS[name]
    assert record["classes"] == list(CLASSES)
    assert record["parameters"] == model.count_params()
    assert record["accuracy"]["clean"] >= 0.97
    assert {block: row["channels"] for block, row in record["blocks"].items()} == {
        block: sum(branches) for block, branches in shapesnet.BRANCHES.items()
    }


def test_bundled_weights_know_fresh_images(data_run):
    shapes, scores, _ = data_run
    assert (scores.argmax(axis=1) == shapes.labels).mean() >= 0.97


def test_no_channel_is_dead_on_the_data(data_run):
    for name, response in data_run[2].items():
        dead = (response.max(axis=0) == 0).mean()
        assert dead <= 0.05, f"{name}: {dead:.0%} of the channels never respond"


def test_channels_start_from_weak_noise(model):
    noise = np.random.default_rng(5).uniform(-0.1, 0.1, (1, 96, 96, 3)).astype(np.float32)
    for name in BLOCKS:
        block = keras.Model(model.input, model.get_layer(name).output)
        silent = (block(noise, training=False).numpy().max(axis=(0, 1, 2)) == 0).mean()
        assert silent <= 0.05, f"{name}: {silent:.0%} of the channels do not respond to weak noise"


def test_channel_0_of_mixed2_prefers_what_the_card_says(name, data_run):
    shapes, _, means = data_run
    by_class = np.array([means["mixed2"][shapes.labels == k, 0].mean() for k in range(len(CLASSES))])
    best = CLASSES[by_class.argmax()]
    assert best == RECORDS[name]["mixed2_channel_0"]["class"]
    assert CLASS_KEY[best]["orientation_deg"] is not None
    # A channel does not tell coarse from fine as surely as it tells one direction from another.
    others = [k for k, name in enumerate(CLASSES) if CLASS_KEY[name]["pattern"] != "stripes"]
    assert by_class.max() > 2 * by_class[others].mean()


def test_layers_are_named_as_in_inception(model):
    names = [layer.name for layer in model.layers]
    assert [name for name in names if name in BLOCKS] == BLOCKS
    assert names[-2:] == ["avg_pool", "logits"]
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions:
        stem = layer.name.removesuffix("_conv")
        norm, relu = model.get_layer(f"{stem}_bn"), model.get_layer(f"{stem}_relu")
        assert not layer.use_bias
        assert isinstance(norm, keras.layers.BatchNormalization)
        assert not norm.scale
        assert relu.activation is keras.activations.relu
    for name in BLOCKS:
        assert isinstance(model.get_layer(name), keras.layers.Concatenate)
        assert len(model.get_layer(name).input) == 4
    assert model.get_layer("logits").activation is keras.activations.linear


@pytest.mark.parametrize("size", [32, 45, 96])
def test_any_size_from_32_works(model, size):
    scores = model(np.zeros((2, size, size, 3), np.float32), training=False)
    assert scores.shape == (2, len(CLASSES))
    assert np.isfinite(scores).all()


def test_build_checks_its_arguments():
    assert shapesnet.build(classes=3, input_size=32).output.shape == (None, 3)
    with pytest.raises(ValueError, match=r"at least 32 pixels .*, not 16"):
        shapesnet.build(input_size=16)
    with pytest.raises(ValueError, match="classes must be at least 1, not 0"):
        shapesnet.build(classes=0)


def test_both_load_by_name_with_an_answer_key(name, model):
    backbone, images = fv.load_model(name), draw(4, seed=1).images
    assert backbone.name == name and backbone.traits.has_answer_key and backbone.classes == CLASSES
    np.testing.assert_allclose(backbone.activations(images, "logits"), model(images), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_shift_costs_pictures_of_the_robust_twin_less():
    """16 channels, as they come, drawn without a regulariser."""
    objective, left = fv.channel("mixed2", range(0, 120, 8)), {}
    for name in RECORDS:
        backbone = fv.load_model(name)
        pictures = fv.maximize(backbone, objective, size=64, steps=32, optimizer=fv.Adam(0.02), progress=False).images
        left[name] = fv.robustness(backbone, objective, pictures, fv.Jitter(8)).mean()
    assert left["shapesnet"] > left["shapesnet_plain"] + 0.05

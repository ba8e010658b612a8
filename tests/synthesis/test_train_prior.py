"""The training of the bundled prior: what it draws, what it turns round, and the card that it writes."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.assets.locate import bundled
from featviz_helpers.data.shapes import CLASSES, draw
from featviz_helpers.models.shapes_generator import HELD_OUT, build_encoder, build_generator

from data_scripts.train_prior import KNOWN, TRAIN_SEED, WEIGHTS, Drawings, Reversed, build_training, card, common


def test_two_classes_are_never_drawn():
    batches = Drawings(steps=3, batch=60, seed=0)
    images, targets = batches[1]
    drawn = draw(60, TRAIN_SEED + 1, 64, KNOWN)
    np.testing.assert_array_equal(images, drawn.images)
    assert len(batches) == 3 and set(targets) == set(WEIGHTS)
    shown = {CLASSES[label] for label in drawn.labels}
    assert shown == set(KNOWN) == set(CLASSES) - set(HELD_OUT)


def test_only_the_gradient_is_turned_round():
    value = tf.constant([[1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch(value)
        after = Reversed()(value)
        total = tf.reduce_sum(after * [[3.0, 5.0]])
    np.testing.assert_array_equal(after, value)
    np.testing.assert_allclose(tape.gradient(total, value), [[-3.0, -5.0]])


@pytest.mark.slow
def test_the_parts_of_the_loss():
    """ShapesNet stands still, and a perfect copy would cost neither pixels nor features."""
    keras.utils.set_random_seed(0)
    encoder, generator = build_encoder(), build_generator()
    training = build_training(encoder, generator, seed=0)
    parts = training(draw(2, 1).images)
    assert set(parts) == set(WEIGHTS) and all(part.shape == (2,) for part in parts.values())
    assert all(np.isfinite(part).all() for part in parts.values())
    assert all((parts[name].numpy() > 0).all() for name in ("pixels", "features", "divergence"))
    trained = {id(weight) for weight in training.trainable_variables}
    inner = [layer for layer in training.layers if isinstance(layer, keras.Model)]
    frozen = [weight for net in inner if "stem1_conv" in {layer.name for layer in net.layers} for weight in net.weights]
    assert frozen and not trained & {id(weight) for weight in frozen}
    assert {id(weight) for weight in generator.trainable_variables} < trained


def test_the_card_is_that_of_the_record():
    record = json.loads(bundled("shapes_prior.json").read_text())
    assert card(record) == bundled("shapes_prior.md").read_text()
    held = record["held_out"]
    assert sum(held["shapesnet_instead"]["star"].values()) <= held["count"] / 2


@pytest.mark.parametrize(("most", "wanted"), [(1, {"rings": 3}), (4, {"rings": 3, "grid": 1})])
def test_the_most_frequent_answers(most, wanted):
    answers = np.array([CLASSES.index(name) for name in ("rings", "grid", "rings", "rings")])
    assert common(answers, most) == wanted

"""Attacks against what they are by definition: the ball, the box, the loss by hand, and what they cost in traces."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.attribution.probe import Probe
from featviz_helpers.synthesis import adversaries, correct, fgsm, pgd, random_signs
from featviz_helpers.synthesis.balls import L2, Linf
from hypothesis import given, settings
from hypothesis import strategies as st
from support.attribution_networks import identity, linear
from support.networks import pictures, shapesnet

EPSILON = 8 / 255
CLASSES = [4, 9, 21]
ATTACKS = {
    "fgsm": lambda x, epsilon: fgsm(shapesnet(), x, CLASSES, epsilon),
    "fgsm, targeted": lambda x, epsilon: fgsm(shapesnet(), x, CLASSES, epsilon, targeted=True),
    "pgd": lambda x, epsilon: pgd(shapesnet(), x, CLASSES, epsilon, steps=3),
    "pgd, no random start": lambda x, epsilon: pgd(shapesnet(), x, CLASSES, epsilon, steps=3, random_start=False),
    "pgd, L2": lambda x, epsilon: pgd(shapesnet(), x, CLASSES, epsilon, norm="l2", steps=3),
    "random signs": random_signs,
}
each = pytest.mark.parametrize("name", ATTACKS)


def drawn(count, seed=3):
    made = fv.shapes.draw(count, seed)
    return made.images, made.labels


def lengths(change):
    return np.sqrt((change.astype(float) ** 2).sum(axis=(1, 2, 3)))


@each
def test_epsilon_0_changes_nothing(name):
    images = pictures(3, 40)
    assert np.array_equal(ATTACKS[name](images, 0), images)


@each
def test_the_change_fills_the_ball_and_never_leaves_it_nor_the_range(name):
    images = np.clip(2 * pictures(3, 40), -1, 1)  # half of the values at the ends of the range
    found = ATTACKS[name](images, EPSILON)
    change = found.astype(float) - images
    reached = lengths(change) if "L2" in name else np.abs(change).max(axis=(1, 2, 3))
    assert (reached <= 2 * EPSILON * (1 + 1e-6)).all()
    assert (reached > 0.8 * 2 * EPSILON).all()
    assert found.min() >= -1 and found.max() <= 1 and found.dtype == np.float32


@each
def test_each_image_has_its_own_epsilon(name):
    images, epsilons = pictures(3, 40), np.array([0, 2 / 255, 8 / 255])
    together = ATTACKS[name](images, epsilons)
    assert np.array_equal(together[0], images[0])
    largest = [np.abs(together[i].astype(float) - images[i]).max() for i in range(3)]
    assert largest == sorted(largest) and largest[1] < largest[2]


def test_fgsm_of_a_linear_network_by_hand():
    backbone, weights = linear()
    images = pictures(3, 8) / 2
    found = fgsm(backbone, images, 0, EPSILON)
    # The loss of class 0 grows with the score of class 1 minus that of class 0.
    expected = images + 2 * EPSILON * np.sign(weights[..., 1] - weights[..., 0])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(fgsm(backbone, images, 1, EPSILON, targeted=True), expected, atol=1e-6)


def test_one_step_of_pgd_in_l2_goes_along_the_gradient():
    backbone, weights = linear()
    images = pictures(2, 8) / 2
    found = pgd(backbone, images, 0, 0.3, norm="l2", steps=1, step_size=0.2, random_start=False)
    direction = weights[..., 1] - weights[..., 0]
    np.testing.assert_allclose(found, images + 0.4 * direction / np.sqrt((direction**2).sum()), atol=1e-6)


def test_one_whole_step_without_a_random_start_is_fgsm():
    images = pictures(3, 40)
    one = pgd(shapesnet(), images, CLASSES, EPSILON, steps=1, step_size=EPSILON, random_start=False)
    assert np.array_equal(one, ATTACKS["fgsm"](images, EPSILON))


def test_the_loss_is_the_cross_entropy_of_the_network_s_scores():
    images, scores = pictures(3, 40), shapesnet().model(pictures(3, 40), training=False)
    expected = tf.keras.losses.sparse_categorical_crossentropy(np.array(CLASSES), scores, from_logits=True)
    loss = fv.score(shapesnet(), adversaries.cross_entropy(CLASSES), images)
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_a_sure_answer_has_the_gradient_of_its_lead():
    """From 1 - p in float32 it was off by a third where p is 1 - 1e-7."""
    backbone, weights = linear()
    lead = weights[..., 0] - weights[..., 1]
    images = (lead / np.abs(lead).max())[None]
    images *= 16 / (backbone.activations(images, "logits") @ [1, -1])[0]
    assert np.abs(images).max() <= 1
    loss = fv.score(backbone, adversaries.cross_entropy(0), images)[0]
    slopes = fv.attribution.gradient(backbone, adversaries.cross_entropy(0), images)[0]
    assert 1e-8 < loss < 1e-6
    np.testing.assert_allclose(slopes, -loss * lead, rtol=1e-3)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_untargeted_raises_the_loss_and_targeted_lowers_it(norm):
    images, epsilon = pictures(3, 40), 1.0 if norm == "l2" else EPSILON
    ways = [
        pgd(shapesnet(), images, CLASSES, epsilon, norm=norm, steps=4, targeted=targeted) for targeted in (True, False)
    ]
    down, here, up = (fv.score(shapesnet(), adversaries.cross_entropy(CLASSES), x) for x in (ways[0], images, ways[1]))
    assert (down < here).all() and (here < up).all()


@pytest.mark.parametrize("name", ["pgd", "pgd, L2", "random signs"])
def test_chance_depends_on_the_seed_and_the_image_and_not_on_the_batch(name):
    def run(rows, seed, **batch):
        images, classes = pictures(3, 40)[rows], np.array(CLASSES)[rows]
        if name == "random signs":
            return random_signs(images, EPSILON, seed)
        norm = "l2" if "L2" in name else "linf"
        return pgd(shapesnet(), images, classes, EPSILON, norm=norm, steps=1, step_size=0, seed=seed, **batch)

    several = run([0, 1, 2], 7)
    assert np.array_equal(several, run([0, 1, 2], 7, **({} if name == "random signs" else {"batch": 2})))
    assert np.array_equal(several[1:2], run([1], 7))
    assert (np.abs(several - run([0, 1, 2], 8)).max(axis=(1, 2, 3)) > 0).all()
    assert np.abs(several[0] - several[1] - pictures(3, 40)[0] + pictures(3, 40)[1]).max() > 1e-3


def test_random_signs_move_every_value_by_epsilon():
    images = pictures(2, 40) / 2
    moves = (random_signs(images, EPSILON) - images) / (2 * EPSILON)
    np.testing.assert_allclose(np.abs(moves), 1, atol=1e-5)
    assert abs(moves.mean()) < 0.05


def test_another_image_class_epsilon_or_method_compiles_nothing():
    backbone, images = shapesnet(), pictures(3, 40)
    fgsm(backbone, images[:1], 4, EPSILON)
    fv.synthesis.fooling(backbone, images[:1], 6, most_steps=1)
    known = dict(backbone.functions)
    pgd(backbone, pictures(3, 40, seed=1), [1, 2, 3], [0.1, 0.2, 0.3], steps=2, batch=2)
    pgd(backbone, pictures(1, 56), 5, 2.0, norm="l2", steps=2, targeted=True)
    fv.synthesis.fooling(backbone, images, 6, most_steps=2)
    assert backbone.functions == known


def test_an_attack_on_a_very_sure_answer_does_not_stand_still():
    """At a lead of 184 the slope of the cross-entropy is nothing in float32: gradients that mask themselves."""
    backbone, weights = linear()
    sure = (0.9 * np.sign(weights[..., 0] - weights[..., 1]))[None].astype(np.float32)
    assert fv.synthesis.correct(backbone, sure, 0).all()
    scores = backbone.activations(sure, "logits")[0]
    assert scores[0] - scores[1] > 104, "e to the minus 104 is 0 in float32"
    for attack in (fgsm, lambda *arguments: pgd(*arguments, random_start=False)):
        assert not fv.synthesis.correct(backbone, attack(backbone, sure, 0, 0.6), 0).any()
    assert fv.synthesis.smallest_epsilon(backbone, sure, 0, most=0.6, attack=fgsm)[0] < 0.6


def test_pictures_at_once_are_bounded(monkeypatch):
    seen = []

    def slope(self, pictures, rows):
        seen.append(len(pictures))
        return np.zeros(len(pictures), np.float32), np.zeros_like(pictures)

    monkeypatch.setattr(Probe, "slope", slope)
    pgd(shapesnet(), pictures(5, 40), 3, EPSILON, steps=3, batch=2)
    assert seen == [2] * 6 + [1] * 3


def test_the_network_is_as_before():
    before = [weights.copy() for weights in shapesnet().model.get_weights()]
    pgd(shapesnet(), pictures(3, 40), CLASSES, EPSILON, steps=2)
    assert all(np.array_equal(a, b) for a, b in zip(before, shapesnet().model.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["shapesnet", "shapesnet_plain"])
@pytest.mark.slow
def test_nothing_masks_the_gradient(name):
    """More steps and a larger ball never help the network: else an attack is weak, not the network strong (Athalye)."""
    network, (images, labels) = fv.load_model(name), drawn(20)

    def kept(epsilon, steps=3):
        return correct(network, pgd(network, images, labels, epsilon, steps=steps, random_start=False), labels).mean()

    by_epsilon = [kept(k / 255) for k in (0, 12, 32, 128)]
    assert by_epsilon == sorted(by_epsilon, reverse=True) and by_epsilon[0] > 0.9 and by_epsilon[-1] < 0.2
    one_step = correct(network, fgsm(network, images, labels, 32 / 255), labels).mean()
    at_random = correct(network, random_signs(images, 32 / 255), labels).mean()
    assert kept(32 / 255, steps=8) <= by_epsilon[2] <= one_step < at_random


@pytest.mark.slow
@pytest.mark.real
def test_nothing_masks_the_gradient_of_lite0():
    """The same on four photographs, about what the network says of them itself."""
    lite0, data = fv.load_model("lite0"), fv.open_images("photographs")
    crops = [data.labels.index(name) for name in ("china", "flower", "coffee", "cat")]
    images = np.stack([data.load(crop, lite0.size) for crop in crops])
    said = lite0.activations(images, "logits").argmax(axis=1)

    def kept(epsilon, steps=3):
        return correct(lite0, pgd(lite0, images, said, epsilon, steps=steps, random_start=False), said).mean()

    by_epsilon = [kept(k / 255) for k in (0, 0.25, 1, 16)]
    assert by_epsilon == sorted(by_epsilon, reverse=True) and by_epsilon[0] == 1 and by_epsilon[-1] == 0
    one_step = correct(lite0, fgsm(lite0, images, said, 1 / 255), said).mean()
    at_random = correct(lite0, random_signs(images, 1 / 255), said).mean()
    assert kept(1 / 255, steps=8) <= by_epsilon[2] <= one_step < at_random


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Linf, L2]),
    st.floats(0, 3),
    st.floats(1e-4, 1e4),
    st.integers(0, 2**32 - 1),
)
def test_projection_is_inside_and_leaves_the_inside_alone(kind, radius, spread, seed):
    generator = np.random.default_rng(seed)
    images = generator.uniform(-1, 1, (2, 4, 4, 3)).astype(np.float32)
    ball = kind(images, np.array([radius, radius]))
    found = ball.project((images + spread * generator.normal(size=images.shape)).astype(np.float32))
    change = found.astype(float) - images
    reached = lengths(change) if kind is L2 else np.abs(change).max(axis=(1, 2, 3))
    assert (reached <= radius * (1 + 1e-6) + 1e-12).all()
    assert np.abs(found).max() <= 1
    np.testing.assert_allclose(ball.project(found), found, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, x: fgsm(n, x, 1, 8), r"epsilon must be a share .* below 1; got 8\. .* 8 are 8/255"),
        (lambda n, x: fgsm(n, x, 1, 1), "epsilon must be a share of the pixel range"),
        (lambda n, x: pgd(n, x, 1, -0.1), "epsilon must be 0 or more; got -0.1"),
        (lambda n, x: random_signs(x, [0.1, 8, 0.1]), "8 levels are 8/255"),
        (lambda n, x: fgsm(n, x, 1, [0.1, 0.2]), "epsilon has 2 values for 3 images"),
        (lambda n, x: fgsm(n, x, [1, 2], 0.1), "2 units and 3 images"),
        (lambda n, x: correct(n, x, [1, 2]), "2 classes and 3 images"),
        (lambda n, x: fgsm(n, x, 32, 0.1), r"classes 0 to 31; got \[32"),
        (lambda n, x: correct(n, x, 32), r"classes 0 to 31; got \[32"),
        (lambda n, x: fgsm(n, x, "star", 0.1), "A class must be a whole number"),
        (lambda n, x: fgsm(n, 2 * x, 1, 0.1), r"must lie in \[-1, 1\]"),
        (lambda n, x: pgd(n, x, 1, 0.1, norm="l1"), "norm must be one of 'linf', 'l2'; got 'l1'"),
        (lambda n, x: pgd(n, x, 1, 0.1, steps=0), "steps must be a whole number from 1 to"),
        (lambda n, x: pgd(n, x, 1, 0.1, step_size=2), "step_size must be a share"),
        (lambda n, x: pgd(n, x, 1, 0.1, targeted="hen"), "targeted must be True or False"),
        (lambda n, x: pgd(n, x, 1, 0.1, seed=0.5), "seed must be a whole number"),
        (lambda n, x: fgsm(identity(), x, 1, 0.1), "identity has no class scores"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(shapesnet(), pictures(3, 40))


def test_a_long_change_is_no_mistake_in_l2():
    assert pgd(shapesnet(), pictures(1, 40), 1, 8, norm="l2", steps=1).shape == (1, 40, 40, 3)

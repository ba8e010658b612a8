"""Gradient maps against the definition, and what they cost in traces."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.attribution import baseline_images, controls, gradients, mosaics, randomised
from featviz_helpers.attribution.probe import Probe
from support.attribution_networks import identity, linear
from support.networks import pictures, shapesnet

CLASSES = fv.class_score([4, 9, 21])


def by_tape(images, classes):
    """The gradient of the original network's scores."""
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.gather(shapesnet().model(images, training=False), classes, batch_dims=1)
    return tape.gradient(value, images).numpy()


def close(maps, expected, tolerance=1e-4):
    assert maps.shape == expected.shape
    assert np.abs(maps - expected).max() <= tolerance * np.abs(expected).max()


def test_saliency_is_the_largest_absolute_gradient():
    images = pictures(3, 48)
    slopes = by_tape(images, [4, 9, 21])
    close(gradients.gradient(shapesnet(), CLASSES, images), slopes)
    close(gradients.saliency(shapesnet(), CLASSES, images), np.abs(slopes).max(axis=-1))
    close(gradients.saliency(shapesnet(), CLASSES, images, signed=True), slopes.sum(axis=-1))
    close(gradients.gradient_times_input(shapesnet(), CLASSES, images), (slopes * images).sum(axis=-1))


def test_gradient_times_input_adds_up_to_a_linear_score():
    backbone, weights = linear()
    images = pictures(3, 8)
    maps = gradients.gradient_times_input(backbone, fv.class_score(1), images)
    np.testing.assert_allclose(maps, (images * weights[..., 1]).sum(axis=-1), rtol=1e-4, atol=1e-5)
    scores = backbone.activations(images, "logits")[:, 1]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)) - 0.2, scores, rtol=1e-4)


@pytest.mark.slow
def test_a_weighted_sum_of_objectives_is_explained_as_one():
    images, second = pictures(1, 48), fv.neuron("mixed2", 5)
    both = gradients.gradient(shapesnet(), 2 * fv.class_score(4) - second, images)
    alone = [gradients.gradient(shapesnet(), one, images) for one in (fv.class_score(4), second)]
    close(both, 2 * alone[0] - alone[1])


def test_smoothgrad_without_noise_is_saliency():
    images = pictures(3, 48)
    smooth = gradients.smoothgrad(shapesnet(), CLASSES, images, noise=0, samples=3)
    close(smooth, gradients.saliency(shapesnet(), CLASSES, images))


def test_smoothgrad_depends_on_the_seed_and_not_on_the_batch():
    images = pictures(3, 48)
    maps = gradients.smoothgrad(shapesnet(), CLASSES, images, samples=5, seed=7)
    alone = gradients.smoothgrad(shapesnet(), fv.class_score(9), images[1:2], samples=5, seed=7)
    close(gradients.smoothgrad(shapesnet(), CLASSES, images, samples=5, seed=7, batch=4), maps)
    close(alone, maps[1:2])
    other = gradients.smoothgrad(shapesnet(), CLASSES, images, samples=5, seed=8)
    assert np.abs(other - maps).max() > 0.1 * maps.max()


def test_the_noise_has_the_size_that_was_asked_for_and_is_fresh_in_every_sample():
    images = 0.25 * pictures(2, 64)  # a range of 0.5
    one, four = (
        gradients.smoothgrad(identity(), fv.layer("copy"), images, 0.2, samples, signed=True) - images.sum(axis=-1)
        for samples in (1, 4)
    )
    assert one.std() == pytest.approx(0.2 * 0.5 * np.sqrt(3), rel=0.05)
    assert four.std() == pytest.approx(one.std() / 2, rel=0.05)
    assert abs(np.corrcoef(one[0].ravel(), one[1].ravel())[0, 1]) < 0.06


def test_every_map_of_float64_images_is_float32():
    images = pictures(2, 48).astype(np.float64)
    found = gradients.gradient_times_input(shapesnet(), fv.class_score(1), images)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(
        found, gradients.gradient_times_input(shapesnet(), fv.class_score(1), pictures(2, 48))
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["grad_cam", "guided_backprop", "deconvnet", "score_cam", "occlusion"])
def test_another_image_or_class_compiles_nothing_in_other_methods_either(name, monkeypatch):
    traces = []
    compiled = Probe.compiled

    def counted(self, key, network, run):
        def traced(*given):
            traces.append(key)
            return run(*given)

        return compiled(self, key, network, traced)

    monkeypatch.setattr(Probe, "compiled", counted)
    method = getattr(fv.attribution, name)
    method(fresh := fv.load_model("shapesnet"), fv.class_score(1), pictures(2, 64))
    known, first = dict(fresh.functions), len(traces)
    assert first > 0
    method(fresh, fv.class_score([5, 6, 7]), pictures(3, 64, seed=1))
    method(fresh, fv.class_score(2), pictures(1, 80))
    assert fresh.functions == known and len(traces) == first


def test_another_image_class_size_or_batch_compiles_nothing():
    backbone = shapesnet()
    gradients.saliency(backbone, fv.class_score(1), pictures(2, 64))
    known = dict(backbone.functions)
    gradients.saliency(backbone, fv.class_score([5, 6, 7]), pictures(3, 64, seed=1))
    gradients.smoothgrad(backbone, 3 * fv.class_score(2), pictures(1, 80), samples=3, batch=2)
    fv.attribution.integrated_gradients(backbone, fv.class_score(2), pictures(1, 48), steps=4, tolerance=1)
    assert backbone.functions == known


def test_pictures_at_once_are_bounded_whatever_is_asked(monkeypatch):
    seen = []

    def slope(self, pictures, rows):
        seen.append(len(pictures))
        return np.zeros(len(pictures), np.float32), np.zeros_like(pictures)

    monkeypatch.setattr(Probe, "slope", slope)
    gradients.smoothgrad(shapesnet(), CLASSES, pictures(3, 64), samples=17, batch=8)
    assert seen == [8] * 6 + [3]
    large = Probe(shapesnet(), CLASSES, np.zeros((3, 448, 448, 3), np.float32))
    assert large.batch == 8


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, x: gradients.saliency(n, fv.class_score(32), x), r"has classes 0 to 31; got \[32\]"),
        (lambda n, x: gradients.saliency(n, fv.class_score([1, 2]), x), "2 units and 3 images"),
        (lambda n, x: gradients.saliency(n, fv.channel("mixed9", 1), x), "no layer 'mixed9': did you mean mixed"),
        (lambda n, x: gradients.saliency(n, fv.class_score(1), 2 * x), r"must lie in \[-1, 1\]"),
        (lambda n, x: gradients.saliency(n, fv.class_score(1), x, batch=0), "batch must be a whole number, 1 or more"),
        (lambda n, x: gradients.saliency(identity(), fv.class_score(1), x), "identity has no class scores"),
        (
            lambda n, x: gradients.smoothgrad(n, fv.class_score(1), x, noise=-1),
            "noise must be a number from 0.0 to 100.0",
        ),
        (lambda n, x: gradients.smoothgrad(n, fv.class_score(1), x, samples=0), "samples must be a whole number"),
        (lambda n, x: gradients.saliency(n, fv.neuron("mixed2", 1, place=(1.5, 0)), x), "between 0 and 1"),
        (
            lambda n, x: gradients.saliency(n, fv.neuron("logits", 1), x),
            "'logits' of shapesnet has no map; the highest",
        ),
        (
            lambda n, x: fv.class_score("star"),
            "A class must be .*; got 'star'. backbone.class_number.name. finds the num",
        ),
        (lambda n, x: fv.class_score([1, "star"]), "finds the number"),
        (lambda n, x: gradients.smoothgrad(n, CLASSES, x, seed=0.5), "seed must be a whole number.*; got 0.5"),
        (lambda n, x: controls.random_map(x, seed="a"), "seed must be a whole number.*; got 'a'"),
        (lambda n, x: baseline_images(x, "noise", seed=0.5), "seed must be a whole number.*; got 0.5"),
        (lambda n, x: randomised(n, seed=-1), "seed must be a whole number.*; got -1"),
        (lambda n, x: mosaics(x[[0] * 4], [1, 2, 3, 4], 1, seed=-1), "seed must be a whole number.*; got -1"),
        (lambda n, x: n.class_number("red disk"), "no class 'red disk': did you mean .*red disc"),
        (lambda n, x: identity().class_number("star"), "no class scores"),
        (lambda n, x: linear()[0].class_number("star"), "have no names"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(shapesnet(), pictures(3, 48))


def test_a_class_is_found_by_its_name():
    assert shapesnet().class_number("red disc") == shapesnet().classes.index("red disc")

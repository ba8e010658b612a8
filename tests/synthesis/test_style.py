"""Gram matrices against einsum, what they keep and what they forget, and pictures made from them."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers import synthesis
from featviz_helpers.synthesis import GramDistance, gram_matrices, gram_texture, style_distance, style_transfer
from featviz_helpers.synthesis.style import gram
from support.attribution_networks import identity
from support.networks import pictures, shapesnet

LAYERS = ["mixed0", "mixed1"]
QUICK = {"steps": 30, "progress": False}


def test_a_gram_matrix_is_the_mean_product_of_two_channels():
    features = np.random.default_rng(0).normal(size=(2, 5, 7, 4)).astype(np.float32)
    by_hand = np.einsum("nhwc,nhwd->ncd", features, features) / 35
    np.testing.assert_allclose(gram(tf.constant(features)).numpy(), by_hand, rtol=1e-5, atol=1e-6)


def test_a_gram_matrix_knows_neither_places_nor_size():
    chance = np.random.default_rng(0)
    features = chance.normal(size=(1, 6, 6, 4)).astype(np.float32)
    shuffled = chance.permutation(features.reshape(36, 4)).reshape(features.shape)
    tiled = np.tile(features, (1, 2, 3, 1))
    whole, others = gram(tf.constant(features)), [gram(tf.constant(x)) for x in (shuffled, tiled)]
    for other in others:
        np.testing.assert_allclose(other, whole, rtol=1e-4, atol=1e-5)
    assert not np.allclose(gram(tf.constant(features[:, :3])), whole, atol=0.05)


@pytest.mark.parametrize("power", [1, 2])
def test_the_distance_is_relative_and_zero_at_the_image(power):
    images = pictures(3, 48)
    grams = gram_matrices(shapesnet(), images, "mixed1")
    term = GramDistance("mixed1", grams, power)
    np.testing.assert_allclose(fv.score(shapesnet(), term, images), 0, atol=1e-6)
    others = np.roll(grams, 1, axis=0).astype(float)
    by_hand = (np.abs(others - grams) ** power).sum((1, 2)) / (np.abs(grams.astype(float)) ** power).sum((1, 2))
    np.testing.assert_allclose(fv.score(shapesnet(), term, np.roll(images, 1, axis=0)), by_hand, rtol=1e-3)
    assert GramDistance("mixed1", grams, 1).structure != GramDistance("mixed1", grams, 2).structure


def test_layers_weigh_alike_or_as_told():
    images, others = pictures(1, 48), pictures(1, 48, seed=1)
    single = [
        fv.score(shapesnet(), GramDistance(layer, gram_matrices(shapesnet(), images, layer)), others)[0]
        for layer in LAYERS
    ]
    both = fv.score(shapesnet(), style_distance(shapesnet(), images, LAYERS), others)[0]
    assert both == pytest.approx(np.mean(single), rel=1e-5)
    told = style_distance(shapesnet(), images, {"mixed0": 3, "mixed1": 1})
    assert fv.score(shapesnet(), told, others)[0] == pytest.approx(0.75 * single[0] + 0.25 * single[1], rel=1e-5)


def test_a_blend_is_the_matrix_of_both_side_by_side():
    one, other = pictures(2, 32)
    mixed = style_distance(identity(), np.stack([one, other]), ["copy"], blend=[1, 1])
    assert fv.score(identity(), mixed, np.concatenate([one, other], axis=1)[None])[0] == pytest.approx(0, abs=1e-5)
    ends = style_distance(identity(), [one, other], ["copy"], blend=[[2, 0], [0, 5]])
    np.testing.assert_allclose(fv.score(identity(), ends, np.stack([one, other])), 0, atol=1e-5)


def test_a_texture_comes_near_its_own_source_at_any_size():
    images = fv.shapes.draw(2, 3, classes=["coarse dots", "weave"]).images
    made = gram_texture(shapesnet(), images, LAYERS, size=80, **QUICK)
    assert made.images.shape == (2, 80, 80, 3)
    own = style_distance(shapesnet(), images, LAYERS)
    assert (fv.score(shapesnet(), own, made.images) < 0.3 * fv.score(shapesnet(), own, pictures(2, 80))).all()
    np.testing.assert_allclose(-made.activations, fv.score(shapesnet(), own, made.images), rtol=1e-3)
    assert (-made.activations < 0.5 * fv.score(shapesnet(), own, made.images[::-1])).all()


def test_content_weighs_against_style():
    content, style = (fv.shapes.draw(1, 3, classes=[name]).images for name in ("star", "weave"))
    made = style_transfer(
        shapesnet(), content, style, LAYERS, content_layer="mixed2", content_weight=[0.3, 3.0, 30.0], **QUICK
    )
    kept, styled = made.terms[:, 0], made.terms[:, 1:].mean(axis=1)
    assert kept[0] > kept[1] > kept[2] and styled[0] < styled[1] < styled[2]
    assert kept[2] < 0.02, "from the content it need not move"


def test_without_a_start_it_begins_with_noise_which_no_other_picture_of_the_batch_changes():
    images = pictures(2, 48)
    options = {"content_layer": "mixed1", "start": None, "steps": 1, "snapshots": [0], "progress": False}
    both = style_transfer(shapesnet(), images, images[:1], LAYERS, **options).snapshots[0]
    last_bits = style_transfer(shapesnet(), images * (1 + 1e-7), images[:1], LAYERS, **options).snapshots[0]
    np.testing.assert_array_equal(both, last_bits)
    assert np.abs(both[0] - images[0]).mean() > 0.1, "it begins with the content"


def test_another_style_compiles_nothing():
    images = pictures(3, 48)
    gram_texture(shapesnet(), images[:1], LAYERS, size=48, steps=2, progress=False)
    known = set(shapesnet().functions)
    gram_texture(shapesnet(), images[1:2], {"mixed0": 1, "mixed1": 5}, size=48, steps=2, progress=False)
    assert set(shapesnet().functions) == known


def test_colours_are_those_of_the_other_image():
    image, wanted = fv.photograph("flower", 48), fv.photograph("china", 64)
    image, wanted = 0.3 * image, 0.3 * wanted  # so that nothing leaves the range
    new = synthesis.match_colours(image[None], wanted)[0].reshape(-1, 3)
    np.testing.assert_allclose(new.mean(axis=0), wanted.reshape(-1, 3).mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.cov(new.T), np.cov(wanted.reshape(-1, 3).T), atol=1e-4)
    same = synthesis.match_colours(image[None], image)
    np.testing.assert_allclose(same[0], image, atol=1e-4)
    grey = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    assert np.isfinite(synthesis.match_colours(grey[None], wanted)).all()


def test_one_colour_is_taken_as_it_is():
    np.testing.assert_allclose(synthesis.match_colours(pictures(1, 16), np.full((1, 1, 3), 0.5)), 0.5, atol=1e-6)
    flat = np.full((1, 1024, 1024, 3), 0.9, np.float32)
    np.testing.assert_allclose(synthesis.match_colours(flat, flat), flat, atol=1e-5)


def test_the_default_layers_are_the_first_at_each_resolution():
    assert synthesis.style_layers(shapesnet()) == ["stem1_relu", "mixed0", "mixed2"]
    assert synthesis.style_layers(shapesnet(), 1) == ["stem1_relu"]
    assert synthesis.style_layers(identity())[:1]


def test_lbfgs_descends_and_stays_inside():
    images = pictures(2, 32)
    goal = -1.0 * synthesis.FeatureDistance("copy", images)
    found = synthesis.lbfgs(identity(), goal, np.zeros_like(images), steps=20)
    np.testing.assert_allclose(found.images, images, atol=0.01)
    assert (found.values > -1e-3).all() and (found.calls >= 2).all()
    style = -1.0 * style_distance(shapesnet(), images, LAYERS)
    made = synthesis.lbfgs(shapesnet(), style, pictures(2, 32, seed=3), steps=15)
    assert np.abs(made.images).max() <= 1
    np.testing.assert_allclose(made.values, fv.score(shapesnet(), style, made.images), rtol=1e-3)
    assert (made.values > 0.5 * fv.score(shapesnet(), style, pictures(2, 32, seed=3))).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, x: gram_texture(n, x, ["mixed9"]), "no layer 'mixed9': did you mean mixed"),
        (lambda n, x: gram_texture(n, x, ["logits"]), "'logits' of shapesnet has no map"),
        (lambda n, x: gram_texture(n, x, []), r"layers must be a list of names, or name -> weight; got \[\]"),
        (lambda n, x: gram_texture(n, x, "mixed1"), "layers must be a list of names, or name -> weight; got 'mixed1'"),
        (lambda n, x: gram_texture(n, x, {"mixed1": 0}), r"0 or more, and not all 0; got \[0\]"),
        (lambda n, x: gram_texture(n, x, {"mixed1": -1}), "0 or more, and not all 0"),
        (lambda n, x: gram_texture(n, x, blend=[0, 0]), r"blend must be 0 or more, and not all 0; got \[0, 0\]"),
        (lambda n, x: gram_texture(n, x, blend=[1, 1, 1]), r"blend must be 2 numbers, one for each; got \[1, 1, 1\]"),
        (lambda n, x: gram_texture(n, x, blend="half"), "blend must be 2 numbers"),
        (lambda n, x: gram_texture(n, 2 * x), r"style must lie in \[-1, 1\]"),
        (lambda n, x: gram_texture(n, x[..., :1]), "style must"),
        (lambda n, x: gram_texture(n, [x[0], x[0, ..., 0]]), "style, each of its images, must"),
        (lambda n, x: gram_texture(n, x[0]), "style must"),
        (lambda n, x: gram_texture(n, x, power=3), "power must be a whole number from 1 to 2; got 3"),
        (lambda n, x: style_transfer(n, x, x, size=64), "takes no size: .* belong to its size"),
        (
            lambda n, x: style_transfer(n, x, x, start=x[:, :40]),
            r"size of the content, \(48, 48\); got an array of shape \(2, 40, 48, 3\)",
        ),
        (lambda n, x: style_transfer(n, x, x, content_weight=-1), "content_weight must be 0 or more"),
        (lambda n, x: style_transfer(n, x[..., 0], x), "content must"),
        (lambda n, x: style_transfer(n, x, np.concatenate([x, x])[:3]), "different lengths|entries|images"),
        (lambda n, x: GramDistance("mixed1", np.zeros((1, 7, 7))).resolve(n), "must be 64 x 64"),
        (lambda n, x: synthesis.match_colours(x, 3 * x[0]), "wanted must lie"),
        (lambda n, x: synthesis.match_colours(x[:1], np.repeat(x[:1], 2, axis=0)), "wanted must be one image"),
        (lambda n, x: synthesis.lbfgs(n, fv.channel("mixed1", 0), x, steps=0), "steps"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(shapesnet(), pictures(2, 48))

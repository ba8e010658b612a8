"""The smallest epsilon against arithmetic, and fooling pictures against what they promise."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.synthesis import correct, fgsm, fooling, pgd, smallest_epsilon
from support.attribution_networks import linear
from support.networks import pictures, shapesnet


def margins(backbone, images):
    """What each grey image of a linear network can bear: its lead, over what a change of 1 at every pixel takes."""
    scores = backbone.activations(images, "logits")
    weights = backbone.model.get_layer("scores").get_weights()[0]
    return np.abs(scores[:, 0] - scores[:, 1]) / (2 * np.abs(weights[:, 0] - weights[:, 1]).sum())


def test_the_smallest_epsilon_of_a_linear_network_is_its_margin():
    backbone, _ = linear()
    images = pictures(6, 8) / 8
    classes = backbone.activations(images, "logits").argmax(axis=1)
    wanted = margins(backbone, images)
    found = smallest_epsilon(backbone, images, classes, most=0.25, rounds=12, attack=fgsm)
    assert wanted.max() < 0.25
    assert (found >= wanted).all()
    np.testing.assert_allclose(found, wanted, atol=1.01 * 0.25 / 2**12)


def test_what_is_found_does_fool_and_what_cannot_be_found_is_infinite():
    backbone, _ = linear()
    images = pictures(6, 8) / 8
    classes = backbone.activations(images, "logits").argmax(axis=1)
    classes[0] = 1 - classes[0]  # wrong before anything was done
    most = np.sort(margins(backbone, images)[1:])[2] * 1.01
    found = smallest_epsilon(backbone, images, classes, most=most, attack=fgsm)
    assert found[0] == 0
    assert np.isinf(found).sum() == 2
    bounded = np.flatnonzero(np.isfinite(found) & (found > 0))
    assert not correct(
        backbone, fgsm(backbone, images[bounded], classes[bounded], found[bounded]), classes[bounded]
    ).any()


def test_a_picture_stops_when_the_network_is_sure_enough():
    images = fv.noise(40, [1, 2, 3], [4, 5, 6])
    found = fooling(shapesnet(), images, [3, 8, 20], probability=0.9, most_steps=60)
    scores = shapesnet().activations(found.images, "logits").astype(float)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.probability, chances[np.arange(3), [3, 8, 20]], rtol=1e-3)
    done = found.probability >= 0.9
    assert done.any() and (found.steps[~done] == 60).all() and (found.steps[done] < 60).all()
    assert np.abs(found.images).max() <= 1
    assert np.allclose(found.change, np.sqrt(((found.images - images) ** 2).mean(axis=(1, 2, 3))) / 2)
    assert (found.change <= found.steps / 255 * (1 + 1e-5)).all()
    fewer = fooling(shapesnet(), images, [3, 8, 20], probability=0.9, most_steps=int(found.steps[done].min()) - 1)
    assert (fewer.probability < 0.9).all()


def test_a_picture_that_has_its_class_is_left_alone():
    drawn = fv.shapes.draw(2, 3)
    found = fooling(shapesnet(), drawn.images, drawn.labels, probability=0.05)
    assert np.array_equal(found.images, drawn.images) and not found.steps.any() and not found.change.any()


def said(images):
    return shapesnet().activations(images, "logits").argmax(axis=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda n, x: smallest_epsilon(n, x, said(x), most=16),
            "^most, .*, must be a share of the pixel range, below 1",
        ),
        (lambda n, x: smallest_epsilon(n, x, 1, most=-1), "most must be above 0"),
        (lambda n, x: smallest_epsilon(n, x, 1, rounds=0), "rounds must be a whole number from 1 to 20"),
        (lambda n, x: smallest_epsilon(n, x, [1, 2]), "2 classes and 3 images"),
        (lambda n, x: fooling(n, x, 1, probability=1.0), "probability must be above 0"),
        (lambda n, x: fooling(n, x, 1, step_size=0), "step_size must be above 0"),
        (lambda n, x: fooling(n, x, 1, most_steps=0), "most_steps must be a whole number"),
        (lambda n, x: fooling(n, x, 40), "classes 0 to 31"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(shapesnet(), pictures(3, 40))


def test_an_error_of_an_attack_that_is_not_about_epsilon_stays_as_it_is():
    def broken(*_):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        smallest_epsilon(shapesnet(), pictures(1, 40), said(pictures(1, 40)), attack=broken)


def test_images_without_their_class_have_0_and_l2_takes_more_than_1():
    images = pictures(2, 40)
    assert smallest_epsilon(shapesnet(), images, (said(images) + 1) % 32).tolist() == [0, 0]

    def l2(backbone, pictures, classes, epsilon):
        return pgd(backbone, pictures, classes, epsilon, norm="l2", steps=3)

    assert np.isfinite(smallest_epsilon(shapesnet(), images, said(images), most=40.0, rounds=1, attack=l2)).all()

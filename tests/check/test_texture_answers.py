"""Checks of texture and style: a right answer, a wrong one, and why."""

import numpy as np
import pytest
from featviz_helpers import check
from featviz_helpers.synthesis import seam
from support.networks import pictures, shapesnet


def shifted(features, shift, wrap=False):
    down, across = shift
    if wrap:
        near, far = features, np.roll(features, (-down, -across), axis=(1, 2))
    else:
        near, far = features[:, : features.shape[1] - down, : features.shape[2] - across], features[:, down:, across:]
    return np.einsum("nhwc,nhwd->ncd", near, far) / near[0, ..., 0].size


@pytest.mark.parametrize(
    ("judged", "right", "says"),
    [
        (lambda: check.shifted_gram(shifted), True, "horizontal stripes have 1.0, and vertical ones -1.0"),
        (lambda: check.shifted_gram(lambda f, s: shifted(f, s, wrap=True)), False, "at the shift (0, 1)"),
        (lambda: check.shifted_gram(lambda f, s: shifted(f, (0, 0))), False, "at the shift (0, 1)"),
        (lambda: check.shifted_gram(lambda f, s: shifted(f, s[::-1])), False, "at the shift (0, 1)"),
        (lambda: check.shifted_gram(lambda f, s: shifted(f, s).swapaxes(1, 2)), False, "exchanged"),
        (lambda: check.shifted_gram(lambda f, s: shifted(f, s)[0]), False, "returns"),
        (lambda: check.shifted_gram(None), None, "Not answered"),
        (lambda: check.cheapest_seam(seam), True, "no way is cheaper"),
        (lambda: check.cheapest_seam(lambda costs: seam(costs).astype(np.uint8)), True, "no way is cheaper"),
        (lambda: check.cheapest_seam(lambda costs: costs.argmin(axis=1)), False, "jumps"),
        (lambda: check.cheapest_seam(lambda costs: np.zeros(len(costs), int)), False, "there is one for"),
        (lambda: check.cheapest_seam(lambda costs: costs), False, "whole numbers"),
    ],
)
def test_functions_are_judged_by_what_they_return(judged, right, says, capsys):
    assert judged() is right
    assert says in capsys.readouterr().out


def test_a_picture_of_the_same_texture(capsys):
    image = pictures(1, 48)
    same = {"backbone": shapesnet(), "image": image, "layer": "mixed0", "near": 0.1, "far": 0.1}
    assert check.same_texture(np.roll(image, 16, axis=2), **same) is True
    assert check.same_texture(image, **same) is False
    assert check.same_texture(np.zeros_like(image), **same) is False
    assert check.same_texture(image[0], **same) is False
    assert "wanted" in capsys.readouterr().out


def test_a_picture_on_which_two_networks_differ(capsys):
    image, net = pictures(1, 48), shapesnet()
    said = int(net.activations(image, "logits").argmax())
    assert check.divided(image, net, net, said, said) is True
    assert check.divided(image, net, net, said, (said + 1) % 32) is False
    assert check.divided(image[0], net, net, said, said) is False
    assert net.classes[said] in capsys.readouterr().out

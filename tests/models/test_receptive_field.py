"""Receptive fields: what a changed pixel can and cannot do, and where the gradient lives."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from support.networks import pictures, shapesnet, untidy_model


def reach(backbone, layer, size, row, col, seed=0):
    """Top, left, bottom and right (excluded) of the pixels whose change moves a unit, by the gradient of images."""
    network, images = backbone.truncate(layer), tf.constant(pictures(4, size, seed))
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_sum(network(images)[:, row, col] * (1.0 + np.arange(network.output.shape[-1])))
    found = (tape.gradient(value, images).numpy() != 0).any(axis=(0, 3))
    down, right = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return int(down[0]), int(right[0]), int(down[-1]) + 1, int(right[-1]) + 1


def inside(box, size):
    top, left, bottom, right = box
    return max(top, 0), max(left, 0), min(bottom, size), min(right, size)


@pytest.mark.parametrize(("layer", "size"), [("mixed0", 64), ("mixed1", 96), ("mixed2", 128), ("mixed0", 61)])
def test_shapesnet_sees_exactly_its_field(layer, size):
    field = fv.receptive_field(shapesnet(), layer, size)
    assert shapesnet().activations(pictures(1, size), layer).shape[1:3] == field.units
    middle, last = field.units[0] // 2, field.units[0] - 1
    for row, col in ((middle, middle), (0, last)):
        measured, claimed = reach(shapesnet(), layer, size, row, col), inside(field.box(row, col), size)
        np.testing.assert_allclose(measured, claimed, atol=3)  # max pooling and dead units may leave out an edge
        assert measured[0] >= claimed[0] and measured[1] >= claimed[1]
        assert measured[2] <= claimed[2] and measured[3] <= claimed[3]


@pytest.mark.parametrize("size", [96, 97])
def test_a_pixel_outside_changes_nothing_and_one_inside_does(size):
    backbone, (row, col) = shapesnet(), (5, 3)
    field, image = fv.receptive_field(backbone, "mixed0", size), pictures(1, size)[0]
    top, left, bottom, right = field.box(row, col)
    outside, within = image.copy(), image.copy()
    keep = np.zeros((size, size, 1), bool)
    keep[max(top, 0) : bottom, max(left, 0) : right] = True
    outside[:] = np.where(keep, image, -image)
    within[:] = np.where(keep, -image, image)
    before, unmoved, moved = (backbone.activations(x[None], "mixed0")[0, row, col] for x in (image, outside, within))
    np.testing.assert_array_equal(before, unmoved)
    assert np.abs(before - moved).max() > 0.01


def linear(*layers, size=40):
    """A network whose weights are all positive, so that no pixel's influence cancels or dies."""
    inputs = keras.Input((size, size, 3))
    x = inputs
    for layer in layers:
        x = layer(x)
    model = keras.Model(inputs, x)
    model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
    return fv.Backbone(model)


CONV = keras.layers.Conv2D
SMALL = {
    "valid": lambda: [CONV(1, 3, strides=2), CONV(1, 5)],
    "same": lambda: [CONV(1, 3, strides=2, padding="same"), CONV(1, 4, strides=3, padding="same")],
    "dilated": lambda: [CONV(1, 3, dilation_rate=2), keras.layers.ReLU(), CONV(1, 3)],
    "oblong": lambda: [CONV(1, (1, 7), padding="same"), CONV(1, (3, 1), strides=(2, 1))],
    "padded": lambda: [keras.layers.ZeroPadding2D(((3, 1), (2, 0))), CONV(1, 3, strides=2)],
    "cropped": lambda: [keras.layers.Cropping2D(((3, 1), (2, 0))), CONV(1, 3, strides=2)],
    "pooled": lambda: [keras.layers.AveragePooling2D(2), keras.layers.DepthwiseConv2D(3, strides=2, padding="same")],
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [40, 41])
def test_every_kind_of_window_is_followed(name, size):
    backbone = linear(*SMALL[name](), size=size)
    layer = list(backbone.layers)[-1]
    field = fv.receptive_field(backbone, layer, size)
    assert field.units == backbone.model.output.shape[1:3]
    for row, col in ((1, 1), (3, 2)):
        assert reach(backbone, layer, size, row, col) == inside(field.box(row, col), size)
    last = field.units[0] - 1, field.units[1] - 1  # a window without padding may have dropped the image's last row
    measured, claimed = reach(backbone, layer, size, *last), inside(field.box(*last), size)
    assert measured[:2] == claimed[:2] and measured[2] <= claimed[2] <= measured[2] + 1


@pytest.mark.slow
def test_inception_s_fields_are_followed_through_its_branches():
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(None, None, 3))
    backbone = fv.Backbone(keras.Model(base.input, base.get_layer("mixed6").output), "inception_v3")
    first = next(layer.name for layer in backbone.model.layers if isinstance(layer, CONV))
    assert fv.receptive_field(backbone, first, 299) == fv.models.receptive_field.Field(
        (3, 3), (2, 2), (0, 0), (149, 149)
    )
    mixed0, mixed6 = (fv.receptive_field(backbone, layer, 299) for layer in ("mixed0", "mixed6"))
    assert mixed0.stride == (8, 8) and mixed0.units == (35, 35)
    assert mixed6.stride == (16, 16) and mixed6.units == (17, 17) and min(mixed6.size) > 299
    measured, claimed = reach(backbone, "mixed0", 107, 5, 6), fv.receptive_field(backbone, "mixed0", 107).box(5, 6)
    np.testing.assert_allclose(measured, inside(claimed, 107), atol=3)


def test_class_scores_see_the_whole_image_and_unknown_layers_are_named():
    assert fv.receptive_field(shapesnet(), "logits", 64).box(0, 0) == (0, 0, 64, 64)
    backbone = linear(keras.layers.UpSampling2D(name="blow_up"), CONV(1, 3, name="after"))
    with pytest.raises(ValueError, match="ends at 'blow_up': how far a UpSampling2D reaches is not known"):
        fv.receptive_field(backbone, "after", 40)
    with pytest.raises(ValueError, match="too small"):
        fv.receptive_field(fv.Backbone(untidy_model()), "join", 1)


def test_a_patch_is_shifted_inside_and_never_padded():
    image = pictures(1, 64)[0]
    field = fv.models.receptive_field.Field((20, 24), (8, 8), (-6, -8), (8, 8))
    np.testing.assert_array_equal(fv.models.patch(image, 3, 4, field), image[18:38, 24:48])
    np.testing.assert_array_equal(fv.models.patch(image, 0, 7, field), image[:20, 40:])
    np.testing.assert_array_equal(fv.models.patch(image, 7, 0, field), image[44:, :24])
    np.testing.assert_array_equal(
        fv.models.patch(image, 0, 0, fv.models.receptive_field.Field((90, 90), (8, 8), (0, 0), (8, 8))), image
    )
    with pytest.raises(ValueError, match=r"8 x 8 units; there is no unit \(8, 0\)"):
        fv.models.patch(image, 8, 0, field)


def test_the_effective_field_of_a_linear_network_is_its_kernel_s():
    """Two box filters of 5 make a triangle of 9 taps, 1 2 3 4 5 4 3 2 1; the squares say which ring crosses 90 %."""
    backbone = linear(CONV(1, 5), CONV(1, 5), size=40)
    layer = list(backbone.layers)[-1]
    taps = np.convolve(np.ones(5), np.ones(5)) ** 2
    energy = np.outer(taps, taps) / taps.sum() ** 2
    held = [energy[4 - i : 5 + i, 4 - i : 5 + i].sum() for i in range(5)]
    side = 2 * int(np.searchsorted(held, 0.9)) + 1
    assert 1 < side < 9
    field = fv.effective_field(backbone, layer, pictures(3, 40))
    theoretical = fv.receptive_field(backbone, layer, 40)
    assert field.size == (side, side) and theoretical.size == (9, 9)
    assert field.first == ((9 - side) // 2,) * 2 and field.stride == theoretical.stride


def test_the_effective_field_is_smaller_and_grows_with_depth_and_share():
    images = fv.shapes.draw(16, 0).images
    sides = [fv.effective_field(shapesnet(), layer, images).size[0] for layer in ("mixed0", "mixed2", "mixed4")]
    assert sides == sorted(sides) and sides[0] < sides[2]
    for layer, side in zip(("mixed0", "mixed2", "mixed4"), sides, strict=True):
        assert side < fv.receptive_field(shapesnet(), layer, 64).size[0]
    assert fv.effective_field(shapesnet(), "mixed2", images, share=0.5).size[0] < sides[1]
    with pytest.raises(ValueError, match=r"above 0 and below 1; got 90"):
        fv.effective_field(shapesnet(), "mixed2", images, share=90)


def test_a_unit_that_nothing_moves_has_no_effective_field():
    backbone = linear(CONV(1, 3), keras.layers.ReLU(), size=20)
    backbone.model.set_weights([-np.abs(w) - 1 for w in backbone.model.get_weights()])
    with pytest.raises(ValueError, match="No image moves the unit"):
        fv.effective_field(backbone, list(backbone.layers)[-1], np.ones((2, 20, 20, 3), np.float32))


def test_behind_a_gate_every_unit_sees_the_whole_image():
    inputs = keras.Input((40, 40, 3))
    x = CONV(4, 3, strides=2, padding="same")(inputs)
    gate = keras.layers.Dense(4, activation="sigmoid")(keras.layers.GlobalAveragePooling2D(keepdims=True)(x))
    after = CONV(2, 3, strides=2, padding="same", name="after")(keras.layers.Multiply()([x, gate]))
    backbone = fv.Backbone(keras.Model(inputs, after))
    field = fv.receptive_field(backbone, "after", 40)
    assert field.units == (10, 10) and field.box(9, 0) == (0, 0, 40, 40)
    assert reach(backbone, "after", 40, 9, 0) == (0, 0, 40, 40)
    assert fv.effective_field(backbone, "after", pictures(8, 40)).units == (10, 10)


def test_a_dense_layer_on_a_map_looks_at_one_unit():
    backbone = linear(CONV(1, 3, strides=2), keras.layers.Dense(2, name="dense"))
    assert fv.receptive_field(backbone, "dense", 40) == fv.receptive_field(backbone, next(iter(backbone.layers)), 40)


def test_a_layer_that_is_called_twice_has_a_field_for_each_call():
    inputs, shared = keras.Input((None, None, 3)), CONV(3, 3, strides=2, padding="same")
    once = shared(inputs)
    twice = CONV(3, 1)(CONV(3, 1)(shared(once)))
    joined = keras.layers.Add(name="joined")([keras.layers.AveragePooling2D(2)(once), twice])
    field = fv.receptive_field(fv.Backbone(keras.Model(inputs, joined)), "joined", 64)
    assert (field.size, field.stride, field.units) == ((7, 7), (4, 4), (16, 16))


def test_a_softmax_over_places_is_not_taken_for_one_over_channels():
    over_channels, over_rows = (linear(CONV(2, 3), keras.layers.Softmax(axis, name="soft")) for axis in (-1, 1))
    assert fv.receptive_field(over_channels, "soft", 20).size == (3, 3)
    with pytest.raises(ValueError, match="ends at 'soft'"):
        fv.receptive_field(over_rows, "soft", 20)


def test_a_patch_is_cut_from_one_picture():
    field = fv.receptive_field(shapesnet(), "mixed0", 64)
    with pytest.raises(ValueError, match=r"image must be one picture \(H, W, 3\)"):
        fv.models.patch(pictures(2, 64), 0, 0, field)

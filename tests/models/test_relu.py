"""ReLU rules against three layers worked out by hand."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.models.relu import Shape, ruled
from support.networks import pictures, shapesnet

layers = keras.layers
# Four pixels whose hidden sums are below zero, between, above six, and of both signs.
IMAGE = np.float32([[[-1, 0, 0], [0.5, 0.25, 0]], [[4, 1, 0], [1, -2.5, 0.5]]])[None]
FIRST = np.float32([[2, 1], [1, -1], [0, 1]])  # 3 colours -> 2 hidden
SECOND = np.float32([[1, -1], [0.5, 1]])  # 2 hidden -> 2 hidden
LAST = np.float32([[1], [-2]])  # 2 hidden -> 1
FORMS = {
    "layers.ReLU": (lambda: [layers.ReLU()], {}, 0.0, np.inf),
    "layers.ReLU(6)": (lambda: [layers.ReLU(max_value=6)], {}, 0.0, 6.0),
    "layers.ReLU(6, 0.1)": (lambda: [layers.ReLU(max_value=6, negative_slope=0.1)], {}, 0.1, 6.0),
    "layers.LeakyReLU": (lambda: [layers.LeakyReLU(negative_slope=0.25)], {}, 0.25, np.inf),
    "Activation relu6": (lambda: [layers.Activation("relu6")], {}, 0.0, 6.0),
    "Activation of a layer": (lambda: [layers.Activation(layers.ReLU(6))], {}, 0.0, 6.0),
    "argument relu": (lambda: [], {"activation": "relu"}, 0.0, np.inf),
    "argument relu6": (lambda: [], {"activation": "relu6"}, 0.0, 6.0),
    "argument leaky_relu": (lambda: [], {"activation": "leaky_relu"}, 0.2, np.inf),
    "argument tf.nn.relu6": (lambda: [], {"activation": tf.nn.relu6}, 0.0, 6.0),
    "argument keras.ops.relu": (lambda: [], {"activation": keras.ops.relu}, 0.0, np.inf),
    "keras.ops.relu": (lambda: [keras.ops.relu], {}, 0.0, np.inf),
    "keras.ops.relu6": (lambda: [keras.ops.relu6], {}, 0.0, 6.0),
}


def network(form):
    activation, argument, _, _ = FORMS[form]
    inputs = keras.Input((None, None, 3))
    x = inputs
    for matrix in (FIRST, SECOND):
        convolution = layers.Conv2D(2, 1, use_bias=False, **argument)
        x = convolution(x)
        convolution.set_weights([matrix[None, None]])
        for function in activation():
            x = function(x)
    last = layers.Conv2D(1, 1, use_bias=False, name="last")
    model = keras.Model(inputs, last(x))
    last.set_weights([LAST[None, None]])
    return model


def by_hand(rule, slope, cap):
    """Forward and backward in numpy: one mask per rule, written out."""

    def activation(z):
        return np.minimum(np.where(z > 0, z, slope * z), cap)

    def back(gradient, z):
        derivative = np.where(z >= cap, 0.0, np.where(z > 0, 1.0, slope))
        return {
            "plain": gradient * derivative,
            "redirected": gradient,
            "guided": gradient * ((gradient > 0) & (z > 0) & (z < cap)),
            "deconv": gradient * (gradient > 0),
        }[rule]

    z1 = IMAGE @ FIRST
    z2 = activation(z1) @ SECOND
    output = activation(z2) @ LAST
    gradient = back(np.ones_like(output) @ LAST.T, z2)
    return output, back(gradient @ SECOND.T, z1) @ FIRST.T


def measured(model):
    images = tf.constant(IMAGE)
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = model(images)
    return output.numpy(), tape.gradient(output, images).numpy()


@pytest.mark.parametrize("rule", ["plain", "redirected", "guided", "deconv"])
@pytest.mark.parametrize("form", FORMS)
def test_every_rule_passes_back_what_it_should(form, rule):
    model = network(form)
    _, _, slope, cap = FORMS[form]
    output, gradient = measured(fv.Backbone(model).truncate("last", relu=rule))
    expected_output, expected_gradient = by_hand(rule, slope, cap)
    np.testing.assert_allclose(output, expected_output, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-6, atol=1e-6)
    _, original = measured(model)
    np.testing.assert_allclose(original, by_hand("plain", slope, cap)[1], rtol=1e-6, atol=1e-6)


def test_the_hand_computed_rules_differ_on_this_image():
    gradients = [by_hand(rule, 0.0, 6.0)[1] for rule in ("plain", "redirected", "guided", "deconv")]
    assert all(np.abs(a - b).max() > 0.5 for i, a in enumerate(gradients) for b in gradients[:i])
    assert (IMAGE @ FIRST).max() > 6 and (IMAGE @ FIRST).min() < 0


@pytest.mark.parametrize("rule", ["redirected", "guided", "deconv"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_rule_compiles_in_every_precision_and_for_any_size(rule, dtype):
    activation = ruled(Shape(max_value=6.0), rule)

    @tf.function(jit_compile=True, input_signature=[tf.TensorSpec((None, None, None, 2), dtype)])
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = activation(x)
        return y, tape.gradient(y, x, tf.ones_like(y))

    x = tf.constant(np.linspace(-2, 8, 8).reshape(1, 2, 2, 2), dtype)
    y, gradient = slope(x)
    assert gradient.dtype == x.dtype
    np.testing.assert_array_equal(y, tf.nn.relu6(x))
    inside = ((x > 0) & (x < 6)).numpy()
    np.testing.assert_array_equal(gradient.numpy() != 0, inside if rule == "guided" else np.ones_like(inside))


@pytest.mark.parametrize("rule", ["redirected", "guided", "deconv"])
def test_a_rule_keeps_every_number_of_the_forward_pass(rule):
    images = pictures(2, 48)
    plain, changed = (shapesnet().truncate("mixed2", relu=name)(images).numpy() for name in ("plain", rule))
    np.testing.assert_array_equal(plain, changed)
    half = shapesnet().truncate("mixed1", relu=rule, precision="mixed_float16")(images)
    assert half.dtype == tf.float16 and np.isfinite(half).all()


def test_an_unknown_rule_names_those_there_are():
    with pytest.raises(ValueError, match=r"rule for ReLUs, must be one of 'plain', 'redirected', .*; got 'guide'"):
        shapesnet().truncate("mixed1", relu="guide")


def test_a_rule_for_relus_refuses_a_network_without_any():
    inputs = keras.Input((None, None, 3))
    smooth = layers.Conv2D(4, 3, activation="gelu", name="smooth")(inputs)
    backbone = fv.Backbone(keras.Model(inputs, layers.Conv2D(4, 3, name="next")(smooth), name="soft"))
    with pytest.raises(ValueError, match=r"'guided' is a rule for ReLUs.*'smooth' of soft has gelu, whose plain"):
        backbone.truncate("next", relu="guided")
    assert backbone.truncate("next", relu="redirected")


def mixed(*between, last=None):
    """ReLU, and what comes after it."""
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 1, activation="relu")(inputs)
    for function in between:
        x = function(x)
    return fv.Backbone(keras.Model(inputs, layers.Conv2D(4, 1, name="last", activation=last)(x), name="mixed"))


@pytest.mark.parametrize("rule", ["guided", "deconv"])
@pytest.mark.parametrize(
    ("bent", "kind"),
    [
        (lambda: layers.PReLU(shared_axes=[1, 2]), "PReLU"),
        (lambda: layers.ELU(), "ELU"),
        (lambda: layers.Lambda(lambda x: x * 2), "Lambda"),
        (lambda: layers.Activation("swish"), "silu"),
        (lambda: layers.Activation(layers.ELU()), "ELU"),
        (lambda: layers.Conv2D(4, 1, activation="tanh"), "tanh"),
        (lambda: keras.ops.silu, "Silu"),
        (lambda: keras.ops.tanh, "Tanh"),
        (lambda: lambda x: keras.ops.maximum(x, 0.0), "Maximum"),
    ],
)
def test_a_rule_for_relus_refuses_any_other_nonlinearity_and_names_the_layer(bent, kind, rule):
    with pytest.raises(ValueError, match=rf"'{rule}' is a rule for ReLUs, and '.*' of mixed has {kind}, whose plain"):
        mixed(bent()).truncate("last", relu=rule)


def test_gates_beside_relus_may_stand_and_alone_they_may_not():
    def gated(x):
        return x * layers.Conv2D(4, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))

    assert mixed(gated, layers.BatchNormalization(), layers.MaxPooling2D(1)).truncate("last", relu="guided")
    inputs = keras.Input((None, None, 3))
    alone = layers.Conv2D(4, 1, activation="sigmoid", name="alone")(inputs)
    backbone = fv.Backbone(keras.Model(inputs, layers.Conv2D(4, 3, name="next")(alone), name="old"))
    with pytest.raises(ValueError, match="'alone' of old has sigmoid"):
        backbone.truncate("next", relu="guided")


@pytest.mark.parametrize("make", ["InceptionV3", "MobileNetV2"])
@pytest.mark.slow
def test_known_networks_of_relus_are_taken(make):
    backbone = fv.Backbone(getattr(keras.applications, make)(weights=None, input_shape=(96, 96, 3)))
    assert backbone.truncate("logits", relu="guided") and backbone.truncate("logits", relu="deconv")


def test_other_families_of_activations_are_refused():
    swish = fv.Backbone(keras.applications.MobileNetV3Small(weights=None, input_shape=(96, 96, 3)))
    with pytest.raises(ValueError, match="is a rule for ReLUs"):
        swish.truncate("logits", relu="guided")


def operations(function):
    graph = function.get_concrete_function().graph
    return [one.type for one in graph.get_operations() if one.type not in ("Placeholder", "Identity", "NoOp", "Const")]


@pytest.mark.parametrize("cap", [None, 6.0])
def test_guided_takes_one_pass_for_the_mask_and_is_bit_for_bit_the_definition(cap):
    x = tf.constant(np.concatenate([np.random.default_rng(0).normal(0, 5, 2000), [0, 6, -0.0]]), tf.float32)
    above = tf.constant(np.random.default_rng(1).normal(size=2003), tf.float32)
    activation = ruled(Shape(max_value=cap), "guided")

    @tf.function
    def slope():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = activation(x)
        return tape.gradient(y, x, above)

    inside = (x.numpy() > 0) & (x.numpy() < (cap or np.inf))
    np.testing.assert_array_equal(slope().numpy(), np.where(inside, np.maximum(above, 0), 0))
    assert not {"Select", "SelectV2", "Greater", "LogicalAnd"} & set(operations(slope))

"""Whatever graph a model is, its cut copy answers as the model does, or it is refused with both numbers."""

import zipfile

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.common.errors import MissingWeights
from featviz_helpers.models import backbone as backbones
from support.networks import pictures, untidy_model

layers = keras.layers


def filled(model, seed=0):
    generator = np.random.default_rng(seed)
    model.set_weights([generator.uniform(0.3, 1.5, weight.shape) * 0.4 for weight in model.get_weights()])
    return model


def same(model, layer, size=32):
    """Compare model and copy at a layer; both to rounding."""
    images = pictures(2, size)
    expected = keras.Model(model.inputs[0], model.get_layer(layer).output)(images, training=False).numpy()
    np.testing.assert_allclose(fv.Backbone(model).activations(images, layer), expected, rtol=2e-3, atol=1e-5)


def test_a_gate_is_no_classifier():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, name="c")(inputs)
    gate = layers.Dense(8, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(x))
    gated = layers.Multiply(name="gated")([x, layers.Reshape((1, 1, 8))(gate)])
    model = filled(keras.Model(inputs, layers.Conv2D(5, 1, name="conv_head")(gated)))
    assert fv.Backbone(model).logits is None
    same(model, "conv_head")
    assert fv.Backbone(keras.Model(inputs, gated)).logits is None


def test_an_embedding_keeps_its_relu():
    inputs = keras.Input((32, 32, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(inputs))
    embedding = layers.Dense(6, activation="relu", name="embedding")(pooled)
    model = keras.Model(inputs, layers.UnitNormalization(name="unit")(embedding))
    assert fv.Backbone(model).logits is None
    same(model, "unit")


def test_two_heads_are_not_taken_for_one_classifier():
    inputs = keras.Input((32, 32, 3))
    pooled = layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, [layers.Dense(4, name="age")(pooled), layers.Dense(2, name="kind")(pooled)])
    assert fv.Backbone(keras.Model(inputs, [layers.Conv2D(2, 3, name="a")(inputs), *model.outputs])).logits is None


def test_class_scores_of_a_convolution_on_one_unit():
    inputs = keras.Input((32, 32, 3))
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(4, 3, activation="relu")(inputs))
    scores = layers.Flatten(name="scores")(layers.Conv2D(5, 1)(pooled))
    model = keras.Model(inputs, layers.Activation("softmax")(scores))
    assert fv.Backbone(model).logits == "scores"
    same(model, "scores")


def test_a_batch_norm_of_two_convolutions_is_not_folded():
    inputs = keras.Input((32, 32, 3))
    norm = layers.BatchNormalization(name="bn")
    sums = [norm(layers.Conv2D(4, 3, name=name)(inputs)) for name in "ab"]
    same(filled(keras.Model(inputs, layers.Add(name="add")(sums))), "add")


def test_a_depthwise_convolution_takes_its_batch_norm_in():
    inputs = keras.Input((32, 32, 3))
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, use_bias=False, name="deep")(inputs)
    model = filled(keras.Model(inputs, layers.ReLU(6, name="last")(layers.BatchNormalization(name="bn")(x))))
    same(model, "last")
    kinds = [type(layer) for layer in fv.Backbone(model).truncate("last").layers]
    assert layers.BatchNormalization not in kinds


def test_augmentation_inside_the_model_is_off():
    inputs = keras.Input((32, 32, 3))
    x = layers.RandomRotation(0.5)(layers.RandomFlip()(inputs))
    backbone = fv.Backbone(keras.Model(inputs, layers.Conv2D(8, 3, name="c")(x)))
    images = pictures(4, 32)
    np.testing.assert_array_equal(backbone.activations(images, "c"), backbone.activations(images, "c"))
    network = backbone.truncate("c")
    np.testing.assert_array_equal(network(images), network(images))
    same(backbone.model, "c")


def sequential():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, activation="relu", name="c1"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", name="head"),
        ],
        name="row",
    )


@pytest.mark.parametrize("suffix", [None, ".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_sequential_model_climbs_in_memory_and_from_a_file(tmp_path, suffix):
    model = sequential()
    if suffix:
        model.save(tmp_path / f"row{suffix}")
    backbone = fv.load_model(tmp_path / f"row{suffix}") if suffix else fv.Backbone(model)
    assert backbone.name == "row" and backbone.logits == "head" and next(iter(backbone.layers)) == "c1"
    assert fv.maximize(backbone, fv.channel("c1", 0), steps=2, size=32, progress=False, dead="mark").images.any()
    whole = keras.Model(model.inputs[0], model.get_layer("c1").output)
    np.testing.assert_allclose(backbone.activations(pictures(2, 32), "c1"), whole(pictures(2, 32)), atol=1e-5)


def test_the_layers_of_an_inner_network_are_layers_of_the_whole():
    inner = untidy_model()
    trunk = keras.Model(inner.input, inner.get_layer("join").output, name="trunk")
    row = keras.Sequential([keras.Input((32, 32, 3)), trunk, layers.GlobalAveragePooling2D(), layers.Dense(3)])
    images = pictures(2, 32)
    np.testing.assert_allclose(fv.Backbone(row).activations(images, "join"), trunk(images), rtol=1e-3, atol=1e-5)


def residual():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same", name="c1")(inputs / 127.5 - 1.0)
    x = layers.ReLU(name="r")(x + 0.5 * layers.Conv2D(8, 3, padding="same", name="c2")(x))
    return keras.Model(inputs, layers.Conv2D(2, 1, name="last")(keras.ops.relu(x)), name="residual")


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_operators_are_copied(precision):
    keras.utils.set_random_seed(0)  # of other weights channel 0 may be off everywhere
    model = residual()
    same(model, "last")
    backbone = fv.Backbone(model)
    assert backbone.truncate("last", precision=precision)(pictures(1, 32)).shape == (1, 32, 32, 2)
    assert fv.maximize(backbone, fv.channel("r", 0), steps=2, size=32, progress=False).images.any()


def test_a_model_that_is_no_graph_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"is not a graph of layers: .*functional or a Sequential"):
        fv.Backbone(Own())
    with pytest.raises(ValueError, match="known input shape"):
        fv.Backbone(keras.Sequential([layers.Conv2D(2, 3)]))


class Secret(layers.Layer):
    """A layer whose configuration does not say all that it does."""

    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {key: value for key, value in super().get_config().items() if key != "factor"}


def test_a_copy_that_answers_otherwise_is_refused_with_both_numbers():
    inputs = keras.Input((32, 32, 3))
    x = layers.BatchNormalization(name="folded")(layers.Conv2D(2, 3, name="c")(inputs))
    x = layers.ReLU(name="above")(Secret(3.0, name="secret")(x))
    backbone = fv.Backbone(keras.Model(inputs, layers.Conv2D(2, 1, name="last")(x), name="odd"))
    assert backbone.truncate("c")
    says = (
        r"copy of odd that ends at 'last' differs .* by [\d.]+, .* value is [\d.]+; the first layer .* 'secret' \(Sec"
    )
    with pytest.raises(ValueError, match=says):
        backbone.truncate("last")


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_a_batch_norm_over_any_axis_answers_as_in_the_original(axis):
    inputs = keras.Input((32, 32, 3))
    x = layers.BatchNormalization(axis=axis, name="bn")(layers.Conv2D(8, 3, padding="same")(inputs))
    model = filled(keras.Model(inputs, layers.ReLU(name="last")(x)))
    same(model, "last")


def test_an_activation_of_ones_own_is_copied():
    inputs = keras.Input((32, 32, 3))

    def doubled(x):
        return 2 * keras.ops.relu(x)

    x = layers.Conv2D(8, 3, activation=doubled, name="own")(inputs)
    same(filled(keras.Model(inputs, x)), "own")


def test_a_layer_that_cannot_be_copied_is_named():
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, layers.Lambda(lambda x: x + 1, name="mine")(layers.Conv2D(4, 3)(inputs)))
    with pytest.raises(ValueError, match=r"Layer 'mine' \(Lambda\) cannot be copied from its configuration: "):
        fv.Backbone(model).truncate("mine")


def test_after_more_training_a_new_backbone_sees_the_new_weights():
    model, images = untidy_model(), pictures(1, 33)
    before = fv.Backbone(model).activations(images, "join")
    model.get_layer("plain").set_weights([weight * 0.5 for weight in model.get_layer("plain").get_weights()])
    assert not np.allclose(fv.Backbone(model).activations(images, "join"), before)
    assert "wrap the model again" in backbones.Backbone.__doc__


def test_the_ladder_has_maps_only():
    inputs = keras.Input((32, 32, 3))
    maps = layers.Conv2D(4, 3, name="b")(layers.Conv2D(4, 3, name="a")(inputs))
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D(name="gap")(maps))
    assert fv.Backbone(keras.Model(inputs, scores)).ladder(5) == ["a", "b"]


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("fault", ["flipped", "truncated", "zip of nothing", "text", "empty"])
def test_a_damaged_model_file_is_one_sentence(tmp_path, fault):
    path = tmp_path / "mine.keras"
    sequential().save(path)
    if fault == "flipped":
        flip(path, path.stat().st_size // 2)
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    elif fault == "zip of nothing":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("note.txt", "nothing")
    else:
        path.write_text("text" if fault == "text" else "")
    with pytest.raises(ValueError, match=r"'.*mine\.keras' is not a saved Keras model, or it is damaged \(.+\)"):
        fv.load_model(path)


@pytest.mark.slow
def test_settings_of_keras_do_not_reach_the_bundled_network():
    images = pictures(1, 64)
    expected = fv.load_model("shapesnet").activations(images, "mixed1")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    try:
        np.testing.assert_array_equal(fv.load_model("shapesnet").activations(images, "mixed1"), expected)
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")


def test_a_missing_model_file_is_named():
    with pytest.raises(MissingWeights, match=r"no model file at 'gone\.keras'"):
        fv.load_model("gone.keras")


def test_a_backbone_says_what_suits_it():
    own = fv.Backbone(untidy_model())
    assert (own.size, own.traits.has_answer_key, own.traits.judge) == (224, False, "alex")
    assert fv.Backbone(sequential()).size == 32
    bundled = fv.load_model("shapesnet")
    assert (bundled.size, bundled.traits.picture_size, bundled.traits.judge) == (64, 96, "shapesnet")


def test_a_network_without_any_map_is_refused_in_a_sentence():
    inputs = keras.Input((8, 8, 3))
    flat = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)), name="flat")
    with pytest.raises(ValueError, match=r"flat has no layer with a map .*: a backbone needs one"):
        fv.Backbone(flat)


def test_a_layer_with_its_channels_first_is_refused():
    """Its columns, here 30, would be taken for channels, and a ninth column would be drawn as channel 8."""
    images = keras.Input((32, 32, 3))
    turned = keras.layers.Permute((3, 1, 2))(images)
    maps = keras.layers.Conv2D(4, 3, data_format="channels_first", name="turned")(turned)
    with pytest.raises(ValueError, match=r"'turned' of .* has its channels first"):
        fv.Backbone(keras.Model(images, maps))


def test_an_input_of_whole_numbers_needs_a_preprocess():
    inputs = keras.Input((None, None, 3), dtype="uint8")
    conv = keras.layers.Conv2D(4, 3, name="conv")(keras.layers.Rescaling(1 / 127.5, -1.0)(inputs))
    model = keras.Model(inputs, conv)
    with pytest.raises(ValueError, match=r"is uint8, and images in .* would be cut down to whole numbers"):
        fv.Backbone(model, "bytes")
    prepared = fv.Backbone(model, "bytes", preprocess=lambda images: tf.cast(127.5 * (images + 1), tf.uint8))
    assert prepared.activations(pictures(2, 16), "conv").std() > 0.1

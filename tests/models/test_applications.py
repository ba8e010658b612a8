"""What Keras ships goes through one table: load, layers, cut, climb, receptive field, or a sentence why not."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from featviz_helpers.models.graph import outputs
from support.networks import pictures

SIZE = 96
# Network: a layer to look at, its class scores, and how its receptive field ends (None: it is known).
TABLE = {
    "ResNet50": ("conv3_block2_out", "predictions", None),
    "MobileNetV3Small": ("expanded_conv_2_add", "flatten", None),
    "EfficientNetV2B0": ("block3b_add", "predictions", None),
    "ConvNeXtTiny": (
        "convnext_tiny_stage_1_block_0_identity",
        "convnext_tiny_head_dense",
        "a LayerScale reaches is not known",
    ),
    "DenseNet121": ("conv3_block2_concat", "predictions", None),
    "VGG16": ("block3_conv2", "predictions", None),
    "NASNetMobile": ("normal_concat_1", "predictions", None),
}


@pytest.fixture(scope="module", params=TABLE)
def backbone(request):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, request.param)(weights=None)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # as after training: far from the identity
            generator = np.random.default_rng(len(layer.name))
            layer.set_weights([generator.uniform(0.7, 1.4, weight.shape) for weight in layer.weights])
    return fv.Backbone(model, request.param)


@pytest.mark.slow
def test_it_is_read_cut_climbed_and_measured(backbone):
    layer, scores, unknown = TABLE[backbone.name]
    layer = layer if layer in backbone.layers else backbone.default_layer
    assert backbone.logits is not None and backbone.logits.startswith(scores) and len(backbone.layers) > 10
    images = pictures(1, backbone.size)
    whole = keras.Model(backbone.model.input, outputs(backbone.model)[layer])
    expected = whole(images, training=False).numpy()
    np.testing.assert_allclose(backbone.activations(images, layer), expected, atol=2e-3 * np.abs(expected).max())
    result = fv.maximize(backbone, fv.channel(layer, 0), steps=4, size=SIZE, redirect=4, progress=False, dead="mark")
    assert np.isfinite(result.images).all() and result.images.std() > 0
    if unknown:
        with pytest.raises(ValueError, match=unknown):
            fv.receptive_field(backbone, layer, SIZE)
    else:
        assert min(fv.receptive_field(backbone, layer, SIZE).size) > 8

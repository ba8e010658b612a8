"""Loading networks, and the errors people meet when something is missing or does not fit."""

import socket
from pathlib import Path

import featviz_helpers as fv
import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.assets import locate as places
from featviz_helpers.common.errors import MissingWeights
from featviz_helpers.models import inception
from support.networks import pictures, shapesnet, untidy_model


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without any InceptionV3 weights."""
    monkeypatch.delenv("FEATVIZ_ASSETS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(places, "user_folder", lambda: tmp_path / "own")
    return tmp_path


def test_shapesnet_knows_its_layers_and_scores():
    backbone = shapesnet()
    assert [name for name in backbone.layers if name.startswith("mixed") and "_" not in name] == [
        f"mixed{i}" for i in range(5)
    ]
    assert backbone.resolve("auto") == "mixed2" and backbone.layers["logits"] == len(fv.shapes.CLASSES)
    assert "class scores" in repr(backbone)


def test_an_unknown_layer_names_the_nearest():
    with pytest.raises(ValueError, match=r"no layer 'mixed9': did you mean .*mixed4\?"):
        shapesnet().truncate("mixed9")


def test_a_channel_out_of_range_names_the_range():
    last = shapesnet().layers["mixed2"] - 1
    with pytest.raises(ValueError, match=rf"channels 0 to {last}; got \[{last + 1}\]"):
        fv.maximize(shapesnet(), fv.channel("mixed2", last + 1))


def test_a_headless_network_has_no_class_scores():
    model = untidy_model()
    trunk = keras.Model(model.input, model.get_layer("join").output)
    with pytest.raises(ValueError, match="no class scores"):
        fv.Backbone(trunk).resolve("logits")


def test_an_image_too_small_says_how_large_it_must_be():
    backbone = fv.Backbone(untidy_model())
    with pytest.raises(ValueError, match=r"2 x 2 pixels are too small.*at least 3 pixels"):
        fv.maximize(backbone, fv.channel("join", 0), size=2)
    assert np.isfinite(fv.maximize(backbone, fv.channel("join", 0), size=3, steps=1, dead="mark").terms).all()


def test_missing_inception_weights_name_the_file_the_command_and_the_bundled_network(nowhere):
    with pytest.raises(MissingWeights) as error:
        fv.load_model("inception_v3")
    for words in ("inception_v3_weights_tf_dim_ordering_tf_kernels.h5", "download=True", "load_model('shapesnet')"):
        assert words in str(error.value)


@pytest.mark.parametrize("call", [{"name": "inception_v3", "weights": "gone.h5"}, {"name": "gone.keras"}])
def test_a_path_that_is_not_there(call):
    with pytest.raises(MissingWeights, match=r"gone\.(h5|keras)"):
        fv.load_model(**call)


@pytest.mark.parametrize("name", [None, 5, b"lite0", "", "x" * 300, "a\0b"])
def test_what_is_no_name_of_a_model_is_answered_in_a_sentence(name):
    with pytest.raises(ValueError, match=r"(A model is one of|There is no model)"):
        fv.load_model(name)


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(ValueError, match=r"'inception_v4': did you mean inception_v3\?"):
        fv.load_model("inception_v4")


def test_a_file_that_is_not_hdf5(tmp_path):
    path = tmp_path / "broken.h5"
    path.write_bytes(b"not a network")
    with pytest.raises(ValueError, match=r"broken\.h5' is not a readable HDF5"):
        fv.load_model("inception_v3", weights=path)


@pytest.mark.slow
def test_weights_of_another_network(tmp_path):
    path = tmp_path / "other.weights.h5"
    untidy_model().save_weights(path)
    with pytest.raises(ValueError, match="holds 4 convolutions, and InceptionV3 has 94"):
        fv.load_model("inception_v3", weights=path)
    with pytest.raises(ValueError, match=r"do not fit shapesnet"):
        fv.load_model("shapesnet", weights=path)
    with pytest.raises(ValueError, match="holds 4 convolutions"):
        fv.load_model(path)


def test_weights_alone_are_recognised(tmp_path):
    path = places.bundled("shapesnet.weights.h5")
    copied = tmp_path / "mine.weights.h5"
    copied.write_bytes(path.read_bytes())
    assert fv.load_model(copied).layers == shapesnet().layers


def test_any_saved_keras_model_can_be_wrapped(tmp_path):
    path = tmp_path / "mine.keras"
    model = untidy_model()
    model.save(path)
    backbone = fv.load_model(path)
    images = pictures(2, 33)
    np.testing.assert_allclose(tf.nn.softmax(backbone.activations(images, "logits")), model(images), rtol=1e-3)
    assert backbone.name == "mine"


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_saved_model_runs_no_code_of_its_own(tmp_path, ending):
    """A Lambda layer carries Python code, and reading it would run it."""
    marker = tmp_path / "marker"
    inputs = keras.Input((32, 32, 3))
    code = eval(f"lambda x: (open({str(marker)!r}, 'w'), x)[1]")
    model = keras.Model(inputs, keras.layers.Lambda(code, output_shape=(32, 32, 3))(inputs))
    model.save(tmp_path / f"odd.{ending}")
    marker.unlink(missing_ok=True)
    with pytest.raises(ValueError, match="has a Lambda layer, which is Python code"):
        fv.load_model(tmp_path / f"odd.{ending}")
    assert not marker.exists()


def test_a_model_without_an_image_input_is_refused():
    inputs = keras.Input((10,))
    with pytest.raises(ValueError, match=r"\(N, H, W, 3\)"):
        fv.Backbone(keras.Model(inputs, keras.layers.Dense(2)(inputs)))


def test_preprocessing_is_applied():
    doubled = fv.Backbone(untidy_model(), preprocess=lambda images: 2.0 * images)
    plain, images = fv.Backbone(untidy_model()), pictures(2, 33) / 2
    np.testing.assert_allclose(doubled.activations(images, "join"), plain.activations(2 * images, "join"), rtol=1e-5)


def test_auto_is_decided_by_the_hardware_alone(monkeypatch, nowhere, capsys):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert fv.load_model("auto").name == "lite0"
    assert "no GPU here" in capsys.readouterr().out
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one"])
    with pytest.raises(MissingWeights):  # a missing file never turns into the other network
        fv.load_model("auto")


def test_asking_for_imagenet_fetches_and_says_so(monkeypatch, nowhere, capsys):
    asked = {}

    def build(**options):
        asked.update(options)
        return untidy_model()

    monkeypatch.setattr(keras.applications, "InceptionV3", build)
    (nowhere / "models").mkdir()
    (nowhere / "models" / places.INCEPTION_FILES[2]).touch()  # Keras's own were asked for, not these
    assert fv.load_model("inception_v3", weights="imagenet").name == "inception_v3"
    assert asked == {"weights": "imagenet", "classifier_activation": None}
    assert "96 MB" in capsys.readouterr().out


def test_the_assets_folder_comes_first_and_must_exist(monkeypatch, nowhere):
    (nowhere / "models").mkdir()
    (nowhere / "usb" / "weights").mkdir(parents=True)
    cached = nowhere / "models" / places.INCEPTION_FILES[0]
    cached.touch()
    assert places.find_inception() == cached
    fetched = nowhere / "own" / "weights" / places.INCEPTION_FILES[1]
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    assert places.find_inception() == fetched, "what `featviz fetch` put there comes before Keras's cache"
    monkeypatch.setenv("FEATVIZ_ASSETS", str(nowhere / "usb"))
    own = nowhere / "usb" / "weights" / places.INCEPTION_FILES[2]
    own.touch()
    assert places.find_inception() == own
    monkeypatch.setenv("FEATVIZ_ASSETS", str(nowhere / "unplugged"))
    with pytest.raises(NotADirectoryError, match="unplugged"):
        places.find_inception()


def test_dead_channels_are_those_no_image_switches_on():
    model = untidy_model()
    kernel, bias = model.get_layer("own_relu").get_weights()
    bias[2] = -1e6
    model.get_layer("own_relu").set_weights([kernel, bias])
    assert 2 in fv.Backbone(model).dead_channels(pictures(4, 33), "own_relu")
    assert 2 not in fv.Backbone(untidy_model()).dead_channels(pictures(4, 33), "own_relu")


@pytest.mark.slow
def test_inception_reads_the_older_keras_format(tmp_path):
    """The files that Keras publishes are flat HDF5 with layers in order; this writes such a file and reads it back."""
    model = keras.applications.InceptionV3(weights=None, include_top=False)
    generator = np.random.default_rng(0)
    path = tmp_path / places.INCEPTION_FILES[1]
    with h5py.File(path, "w") as file:
        names = [layer.name for layer in model.layers]
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.0.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            values = [generator.uniform(0.01, 0.1, weight.shape).astype(np.float32) for weight in layer.weights]
            layer.set_weights(values)
            group.attrs["weight_names"] = [f"{layer.name}/{i}".encode() for i in range(len(values))]
            for i, value in enumerate(values):
                group[f"{layer.name}/{i}"] = value
    images = pictures(1, 96)
    whole = keras.Model(model.input, model.get_layer("mixed6").output)
    backbone = fv.load_model("inception_v3", weights=path)
    np.testing.assert_allclose(backbone.activations(images, "mixed6"), whole(images), rtol=1e-3)
    assert "mixed10" in backbone.layers and "conv2d_93" in backbone.layers and backbone.logits is None


def test_a_download_that_stands_still_ends(monkeypatch):
    """Keras sets no time limit: behind a wall that swallows what is sent, the call waited for ever."""
    seen = []
    monkeypatch.setattr(keras.applications, "InceptionV3", lambda **_: seen.append(socket.getdefaulttimeout()))
    inception._fetched(True)
    assert seen == [inception.STALL] and socket.getdefaulttimeout() is None


def test_weights_beside_a_file_of_a_model_are_refused(tmp_path):
    untidy_model().save(tmp_path / "own.keras")
    with pytest.raises(ValueError, match=r"weights= goes with a name .* beside the file '.*own.keras'"):
        fv.load_model(tmp_path / "own.keras", weights=tmp_path / "other.weights.h5")


def test_a_network_that_ends_below_the_layer_that_suits_it_has_another_default():
    whole = shapesnet().model
    lower = keras.Model(whole.input, whole.get_layer("mixed1").output)
    backbone = fv.Backbone(lower, "lower", traits=shapesnet().traits)
    assert shapesnet().default_layer == "mixed2" and backbone.default_layer in backbone.maps
    assert fv.maximize(backbone, fv.channel("auto", 0), steps=1, size=48, dead="mark").images.shape == (1, 48, 48, 3)


def test_a_name_may_be_a_path():
    assert fv.load_model(Path("shapesnet")).name == "shapesnet"

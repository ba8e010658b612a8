"""What happens on a machine with a GPU, with a device list made up."""

import warnings

import featviz_helpers as fv
import keras
import pytest
import tensorflow as tf
from featviz_helpers.common import cards
from featviz_helpers.models.devices import prepare_devices


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """The network is loaded once, whatever becomes of the devices."""
    monkeypatch.setenv("FEATVIZ_KEEP_MODELS", "1")


@pytest.fixture
def gpu(monkeypatch):
    """A machine with one GPU, before this process has asked for it."""
    asked = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0"] if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda device, on: asked.append((device, on)))
    prepare_devices.cache_clear()
    yield asked
    prepare_devices.cache_clear()


def test_memory_growth_is_asked_for_once(gpu):
    fv.load_model("shapesnet")
    fv.load_model("shapesnet")
    assert gpu == [("GPU:0", True)]


def test_too_late_is_a_warning_said_once_and_work_goes_on(gpu, monkeypatch):
    def too_late(device, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", too_late)
    with pytest.warns(UserWarning, match=r"all of the GPU's memory.*call fv\.load_model before"):
        assert fv.load_model("shapesnet").name == "shapesnet"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fv.load_model("shapesnet")


def test_another_keras_backend_is_named(gpu, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match=r"Keras runs on torch here.*KERAS_BACKEND=tensorflow"):
        fv.load_model("shapesnet")


def test_number_checks_do_not_stop_the_first_network(gpu, monkeypatch):
    monkeypatch.delenv("FEATVIZ_KEEP_MODELS")
    tf.debugging.enable_check_numerics()
    try:
        assert fv.load_model("shapesnet").size == 64
    finally:
        tf.debugging.disable_check_numerics()


def test_a_card_that_tensorflow_does_not_see_is_said_once_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(cards, "gpus", lambda: ["NVIDIA H200"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    prepare_devices.cache_clear()
    fv.load_model("shapesnet")
    fv.load_model("shapesnet")
    said = capsys.readouterr().out
    assert said.count("There is a card (NVIDIA H200), but TensorFlow does not see it") == 1
    assert "make course GPU=1" in said or "look after the driver" in said
    prepare_devices.cache_clear()

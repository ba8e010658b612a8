"""precision="auto": what a machine is made for, settled before anything is recorded."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.cli import study
from featviz_helpers.exemplars import scan
from featviz_helpers.models import precision
from featviz_helpers.models.precision import settled
from featviz_helpers.study import StudyPlan
from support.networks import shapesnet

INFO = "processor\t: 0\nflags\t\t: fpu sse2 avx512f {}\nprocessor\t: 1\nflags\t\t: fpu\n"


@pytest.fixture
def processor(monkeypatch):
    """A machine without a card, whose processor knows what is given."""

    def with_flags(*flags):
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
        monkeypatch.setattr(precision.Path, "read_text", lambda self, **_: INFO.format(" ".join(flags)))
        precision._auto.cache_clear()

    yield with_flags
    precision._auto.cache_clear()


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        (["avx512_bf16"], "mixed_bfloat16"),
        (["amx_tile", "amx_bf16"], "mixed_bfloat16"),
        (["avx512_vnni", "amx_tile", "amx_int8"], "float32"),
        ([], "float32"),
    ],
)
def test_the_processor_decides_and_it_is_said_once(processor, capsys, flags, chosen):
    processor(*flags)
    assert settled("auto") == settled("auto") == chosen
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("precision 'auto': a processor with ") and line.endswith(f"computes in {chosen}.")


def test_a_system_that_does_not_tell_gets_float32(monkeypatch, processor):
    processor("avx512_bf16")

    def refuse(self, **_):
        raise FileNotFoundError

    monkeypatch.setattr(precision.Path, "read_text", refuse)
    assert settled("auto") == "float32"


@pytest.mark.parametrize(("capability", "chosen"), [((7, 5), "float32"), ((9, 0), "mixed_bfloat16"), (None, "float32")])
def test_a_card_decides_where_there_is_one(processor, monkeypatch, capability, chosen):
    processor("avx512_bf16")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0"] if kind == "GPU" else [])
    details = {"compute_capability": capability} if capability else {}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    assert settled("auto") == chosen


def test_nothing_is_settled_without_being_asked(processor, capsys):
    processor("avx512_bf16")
    assert [settled(name) for name in precision.PRECISIONS] == list(precision.PRECISIONS)
    assert StudyPlan(channels=[1]).precision == "float32"
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match=r"must be one of 'auto', 'float32', .*; got 'half'"):
        settled("half")


@pytest.mark.slow
def test_records_hold_what_was_computed_in_and_not_the_word_auto(processor, monkeypatch):
    processor("amx_bf16")
    monkeypatch.setattr(precision, "LARGE", 1)  # as if ShapesNet were InceptionV3
    climbed = fv.maximize(shapesnet(), fv.channel("mixed2", 3), steps=2, size=64, precision="auto", progress=False)
    assert climbed.config["precision"] == "mixed_bfloat16"
    with pytest.raises(ValueError, match="precision"):
        StudyPlan(channels=[1], precision="auto")  # the command line settles it: a plan is the same everywhere
    options = {"methods": "none", "seeds": 1, "trial_seeds": 1, "trial_values": None, "layer": "mixed2"}
    options |= {"channels": [1], "background": 2, "steps": 2, "k": 2, "precision": "auto"}
    assert study._plan(shapesnet(), options, size=64).precision == "mixed_bfloat16"
    data = fv.open_images("shapes", count=6)
    found = fv.find_exemplars(shapesnet(), data, "mixed2", k=2, precision="auto", progress=False)
    assert found.meta["precision"] == "mixed_bfloat16"
    with pytest.raises(ValueError, match="precision mixed_bfloat16 there, float32 here"):
        scan.refuse_other(scan.scan_request(shapesnet(), data, "mixed2", k=2), found.meta, "folder")


def test_networks_that_bfloat16_slows_down_are_climbed_in_float32(processor, monkeypatch, capsys):
    """Measured on a processor that is made for it: lite0 takes 3.2 times as long, ShapesNet 1.6 times."""
    processor("amx_bf16")
    assert settled("auto", climbed=shapesnet().model) == "float32", "a small one"
    assert "small or has depthwise convolutions" in capsys.readouterr().out
    monkeypatch.setattr(precision, "LARGE", 1)
    assert settled("auto", climbed=shapesnet().model) == settled("auto") == "mixed_bfloat16"
    image = keras.Input((64, 64, 3))
    inner = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.DepthwiseConv2D(3)])
    for deep in (keras.layers.DepthwiseConv2D(3), keras.layers.Conv2D(6, 3, groups=3), inner):
        assert settled("auto", climbed=keras.Model(image, deep(image))) == "float32"


def test_a_scan_in_half_precision_finds_the_strongest_images_of_float32():
    data = fv.open_images("shapes", count=12)
    full, half = (
        fv.find_exemplars(shapesnet(), data, "mixed2", k=3, precision=name, progress=False)
        for name in ("float32", "mixed_bfloat16")
    )
    one, other = (found.table.sort_values(["channel", "pooling", "rank"]) for found in (full, half))
    np.testing.assert_allclose(one["activation"], other["activation"], rtol=0.1, atol=0.05)

"""On a graphics card: the same climb as on the processor, memory for others, LPIPS beside it. Skipped without one."""

import functools
import subprocess
import sys

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent import step as steps
from featviz_helpers.assets.locate import INCEPTION_FILES
from featviz_helpers.metrics import lpips_distance
from featviz_helpers.models.devices import prepare_devices

prepare_devices()  # before `tf.device` makes TensorFlow take the whole card
CARDS = tf.config.list_physical_devices("GPU")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CARDS, reason="TensorFlow sees no GPU here")]
OPTIONS = {"size": 96, "seed": 3, "snapshots": [0, 1], "progress": False, "optimizer": fv.GradientAscent(0.02)}
METHODS = {
    "plain": {},
    "penalties": {"penalties": [fv.L2(1e-4), fv.TotalVariation(1e-5)]},
    "standard": {"transforms": [fv.standard()]},
    "blur": {"projections": [fv.GaussianBlur(1.0)]},
    "Fourier": {"parameterization": fv.Fourier()},
}


@functools.cache
def load(device):
    with tf.device(device):
        return fv.load_model("shapesnet")


def climb(device, steps=1, **method):
    with tf.device(device):
        return fv.maximize(load(device), fv.channel("mixed2", [10, 28]), steps=steps, **OPTIONS, **method)


def test_auto_takes_the_large_network(assets, monkeypatch, capsys):
    monkeypatch.setenv("FEATVIZ_ASSETS", str(assets))
    assert fv.load_model("auto").name.startswith("inception_v3")
    assert "a GPU is here" in capsys.readouterr().out


@pytest.mark.parametrize("name", METHODS)
def test_a_step_is_the_same_as_on_the_processor(name):
    """Multiplied in TF32 a gradient keeps about three digits, and a Fourier start differs by its FFT."""
    card, processor = climb("/GPU:0", **METHODS[name]), climb("/CPU:0", **METHODS[name])
    np.testing.assert_allclose(card.snapshots[0], processor.snapshots[0], atol=1e-4)
    moved, wanted = (result.snapshots[1] - result.snapshots[0] for result in (card, processor))
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(moved, wanted, strict=True)]
    assert min(alike) > 0.98, alike
    np.testing.assert_allclose(card.activations, processor.activations, rtol=0.02)


def test_a_climb_gets_as_high_as_on_the_processor():
    high = [climb(device, steps=64, transforms=[fv.Jitter(4)]).activations for device in ("/GPU:0", "/CPU:0")]
    np.testing.assert_allclose(*high, rtol=0.15)


@pytest.mark.parametrize("name", METHODS)
def test_the_loop_compiled_by_xla_takes_the_same_step(name):
    compiled, plain = (climb("/GPU:0", jit=jit, **METHODS[name]) for jit in (True, False))
    before = steps.trace_counts(load("/GPU:0"))
    climb("/GPU:0", jit=True, **METHODS[name])
    assert steps.trace_counts(load("/GPU:0")) == before, "compiled once"
    moved, wanted = (result.snapshots[1] - result.snapshots[0] for result in (compiled, plain))
    assert np.corrcoef(moved.ravel(), wanted.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_climbs_too(precision):
    half, full = (climb("/GPU:0", steps=32, precision=kind) for kind in (precision, "float32"))
    np.testing.assert_allclose(half.activations, full.activations, rtol=0.3)


SHARED = """
import sys
import featviz_helpers as fv
import numpy as np
import tensorflow as tf
from featviz_helpers.metrics import lpips_distance

weights, judge_weights = sys.argv[1:]
backbone = fv.load_model("inception_v3", weights=weights)
assert tf.config.experimental.get_memory_growth(tf.config.list_physical_devices("GPU")[0])
climb = lambda seed: fv.maximize(backbone, fv.channel("mixed6", [48, 62]), steps=4, size=224, seed=seed, progress=False)
first = climb(0).images
judge = lpips_distance.LPIPS("alex", judge_weights)
assert judge.device.type == "cuda"
import torch
free, whole = torch.cuda.mem_get_info()
assert free > 0.5 * whole, f"TensorFlow left {free} of {whole} bytes"
for seed in range(4):
    pictures = climb(seed).images
    assert np.isfinite(judge.pairs(pictures, first)).all()
print("both", tf.config.experimental.get_memory_info("GPU:0")["peak"], torch.cuda.max_memory_allocated())
"""


def test_tensorflow_and_torch_share_the_card(assets):
    """In a process of its own, where nobody has taken memory before; the two take turns."""
    files = [assets / "weights" / name for name in (INCEPTION_FILES[2], "alexnet_features.pth")]
    done = subprocess.run([sys.executable, "-c", SHARED, *map(str, files)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "both" in done.stdout


def test_lpips_gives_the_reference_values_on_the_card(assets):
    judge = lpips_distance.LPIPS("alex", assets / "weights" / "alexnet_features.pth")
    assert judge.device.type == "cuda"
    reference, far, near = (
        fv.load_image(assets / "data" / "lpips_reference" / f"{name}.png")[None]
        for name in ("ex_ref", "ex_p0", "ex_p1")
    )
    assert judge.pairs(reference, far)[0] == pytest.approx(0.7219, abs=2e-3)
    assert judge.pairs(reference, near)[0] == pytest.approx(0.1376, abs=2e-3)

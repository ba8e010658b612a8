"""The real network: InceptionV3's trunk and real photographs, where FEATVIZ_ASSETS has them."""

import functools
import subprocess
import sys

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent import step as engine
from featviz_helpers.assets.locate import INCEPTION_FILES
from PIL import Image
from support.objectives import GramDistance, gram

pytestmark = [pytest.mark.real, pytest.mark.slow]
SIZE = 299
# Of each channel of mixed6 the photograph, of the 800 of imagenet_sample at 299 px, that excites it most.
STRONGEST = {
    62: ("653/n03764736_milk_can.jpeg", 0.85538),
    73: ("951/n07749582_lemon.jpeg", 1.77739),
}
CHANNELS = list(STRONGEST)


@functools.cache
def load(folder):
    return fv.load_model("inception_v3", weights=folder / "weights" / INCEPTION_FILES[2])


@pytest.fixture
def backbone(assets):
    return load(assets)


def test_the_trunk_ends_at_mixed8_and_has_the_usual_names(backbone):
    assert "mixed8" in backbone.layers and "mixed9" not in backbone.layers
    assert backbone.layers["mixed6"] == 768 and backbone.resolve("auto") == "mixed6"
    with pytest.raises(ValueError, match="no class scores"):
        backbone.resolve("logits")


def test_folding_keeps_every_block(backbone):
    photo = fv.photograph("china", 160)[None]
    for layer in ("mixed0", "mixed6", "mixed8"):
        folded, trained = (backbone.truncate(layer, fold=fold)(photo).numpy() for fold in (True, False))
        assert np.abs(folded - trained).max() <= 1e-4 * np.abs(trained).max()


def test_an_ascent_reaches_five_times_the_strongest_photograph(backbone, assets):
    """64 steps without regularisers, 299 pixels, against the best of 800 photographs squashed to the same size."""
    folder = assets / "data" / "imagenet_sample"
    photos = [Image.open(folder / name).convert("RGB").resize((SIZE, SIZE)) for name, _ in STRONGEST.values()]
    maps = backbone.activations(fv.from_uint8(np.stack(photos)), "mixed6")
    strongest = np.diag(maps.mean(axis=(1, 2))[:, CHANNELS])
    np.testing.assert_allclose(strongest, [value for _, value in STRONGEST.values()], rtol=1e-3)
    result = fv.maximize(backbone, fv.channel("mixed6", CHANNELS), steps=64, size=SIZE, seed=0)
    ratio = result.activations / strongest
    print(dict(zip(CHANNELS, ratio.round(1).tolist(), strict=True)))
    assert ratio.min() >= 5.0


def test_a_channel_does_not_depend_on_its_batch(backbone):
    """Start and draws bitwise, one gradient step within 1e-4, activation after 32 steps within 5 %."""
    options = {"size": 160, "seed": 3, "transforms": [fv.Jitter(8)], "snapshots": [0, 1], "steps": 32}
    alone = fv.maximize(backbone, fv.channel("mixed6", 62), optimizer=fv.GradientAscent(0.02), **options)
    among = fv.maximize(backbone, fv.channel("mixed6", [48, 62, 73]), optimizer=fv.GradientAscent(0.02), **options)
    np.testing.assert_array_equal(alone.snapshots[0][0], among.snapshots[0][1])
    one, other = (run.snapshots[1][i] - run.snapshots[0][i] for run, i in ((alone, 0), (among, 1)))
    assert np.abs(one - other).max() <= 1e-4 * np.abs(one).max()
    assert abs(among.activations[1] / alone.activations[0] - 1) < 0.05  # rounding grows: 0.2 to 3.7 % by processor
    assert alone.labels[0] == among.labels[1]


def test_a_dream_of_a_photograph_in_octaves_and_tiles(backbone):
    """What the tiles see grows; the height at one fixed alignment of the image rises more slowly."""
    photo = fv.photograph("china")[:200, :300]
    options = {"start": photo, "tile": 200, "optimizer": fv.GradientAscent(0.02)}
    awake = fv.maximize(backbone, fv.layer("mixed3"), steps=1, **options).history["objective"][0]
    dream = fv.maximize(backbone, fv.layer("mixed3"), steps=10, octaves=fv.Octaves(2, 1.4), **options)
    assert dream.images.shape == (1, 200, 300, 3)
    assert dream.history["objective"].shape == (20, 1)
    assert dream.history["objective"][-1] > 1.3 * awake


def test_a_sweep_of_the_real_network_is_one_trace(backbone):
    before = engine.trace_counts(backbone)
    for seed, weight in ((0, 1e-4), (1, [1e-3, 0.0])):
        fv.maximize(
            backbone,
            fv.channel("mixed4", [seed, 7]),
            penalties=[fv.TotalVariation(weight)],
            steps=2,
            size=96,
            seed=seed,
            dead="mark",
        )
    new = {key: count for key, count in engine.trace_counts(backbone).items() if key not in before}
    assert list(new.values()) == [1]


MEMORY = """
import sys
import featviz_helpers as fv

def peak():  # of this program alone: the mark of getrusage is handed down from the process that started it
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

backbone = fv.load_model("inception_v3", weights=sys.argv[1])
fv.maximize(backbone, fv.layer("mixed4"), steps=1, size=128)
before = peak()
for tile in (256, 1024):  # the larger one last, since a process never gives its highest mark back
    options = {"steps": 1, "size": 1024, "tile": tile, "transforms": [fv.Jitter(8)]}
    result = fv.maximize(backbone, fv.layer("mixed4"), progress=False, **options)
    assert result.images.shape == (1, 1024, 1024, 3) and result.activations[0] > 0
    print(peak() - before)
"""


def test_a_dream_of_1024_pixels_runs_in_the_memory_of_its_tiles(assets):
    command = [sys.executable, "-c", MEMORY, str(assets / "weights" / INCEPTION_FILES[2])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    sixteen, one = map(int, done.stdout.split())
    print("kB above the small run, in sixteen tiles and in one:", sixteen, one)
    assert 0 < sixteen < 0.5 * one


def test_regularizers_keep_their_promises_on_the_real_network(backbone):
    """What notebooks 03 to 06 claim, in small: 4 methods on one channel that the course does not show."""
    options = {"steps": 20, "size": 160, "optimizer": fv.Adam(0.02)}
    unit = fv.channel("mixed6", 612)
    base = fv.maximize(backbone, unit, **options)
    smooth = fv.maximize(backbone, unit, penalties=[fv.TotalVariation(2e-3)], **options)
    robust = fv.maximize(backbone, unit, transforms=[fv.standard()], **options)
    coarse = fv.maximize(backbone, unit, octaves=fv.Octaves(3, 1.4), **{**options, "steps": 7})
    waves = fv.maximize(backbone, unit, parameterization=fv.Fourier(), **options)
    fine = [fv.high_frequency(result.images)[0] for result in (base, smooth, coarse, waves)]
    left = [fv.robustness(backbone, unit, result.images, fv.Rotate(5))[0] for result in (base, robust)]
    print(
        "high frequencies: base, total variation, octaves, Fourier:",
        np.round(fine, 2),
        "robustness:",
        np.round(left, 2),
    )
    assert max(fine[1:]) < 0.75 * fine[0]
    assert left[1] > left[0] + 0.1
    assert min(result.activations[0] for result in (smooth, robust, coarse, waves)) > 0.2 * base.activations[0]


@pytest.mark.parametrize("name", ["inception", "lite0"])
def test_an_objective_from_outside_paints_a_texture_of_a_photograph(backbone, name):
    network, layer = (backbone, "mixed1") if name == "inception" else (fv.load_model("lite0"), "block3b_add")
    photo = fv.photograph("flower", 96)[None]
    objective = GramDistance(layer, gram(tf.constant(network.activations(photo, layer))).numpy())
    result = fv.maximize(network, objective, steps=48, size=96, progress=False)
    assert result.activations[0] > 0.2 * result.history["objective"][0, 0], "four fifths of the distance are gone"


@pytest.mark.parametrize("name", ["inception", "lite0"])
def test_relu_rules_change_what_comes_back_and_not_what_goes_in(backbone, name):
    network, layer = (backbone, "mixed4") if name == "inception" else (fv.load_model("lite0"), "block4a_activation")
    images, slopes = tf.constant(fv.photograph("china", 96)[None]), {}
    forward = network.truncate(layer)(network.preprocess(images))
    for rule in ("plain", "redirected", "guided", "deconv"):
        cut = network.truncate(layer, relu=rule)
        with tf.GradientTape() as tape:
            tape.watch(images)
            maps = cut(network.preprocess(images))
            value = tf.reduce_sum(maps[..., 5])
        np.testing.assert_allclose(maps, forward, rtol=1e-4, atol=1e-4)
        slopes[rule] = tape.gradient(value, images).numpy().ravel()
    alike = np.corrcoef(list(slopes.values()))
    assert np.abs(alike[np.triu_indices(4, 1)]).max() < 0.99, "four rules, four gradients"

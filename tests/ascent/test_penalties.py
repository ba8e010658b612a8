"""Penalties against their formulas in numpy, their gradients against finite differences, and what they promise."""

import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.penalties import EPSILON, L2, Norm, Penalty, TotalVariation
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import zoom
from support.networks import pictures

KINDS = {
    "L2": L2(1.0),
    "Norm(1)": Norm(1.0, p=1),
    "Norm(2.5)": Norm(1.0, p=2.5),
    "Norm(3)": Norm(1.0, p=3),
    "Norm(4)": Norm(1.0, p=4),
    "Norm(6)": Norm(1.0),
    "Norm(20)": Norm(1.0, p=20),
    "TotalVariation(1)": TotalVariation(1.0),
    "TotalVariation(1.5)": TotalVariation(1.0, beta=1.5),
    "TotalVariation(2)": TotalVariation(1.0, beta=2),
    "TotalVariation(3)": TotalVariation(1.0, beta=3),
    "isotropic(1)": TotalVariation(1.0, isotropic=True),
    "isotropic(1.5)": TotalVariation(1.0, beta=1.5, isotropic=True),
    "isotropic(2)": TotalVariation(1.0, beta=2, isotropic=True),
    "isotropic(3)": TotalVariation(1.0, beta=3, isotropic=True),
}
VARIATIONS = {name: kind for name, kind in KINDS.items() if isinstance(kind, TotalVariation)}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_variation = pytest.mark.parametrize("kind", VARIATIONS.values(), ids=VARIATIONS)


def by_hand(kind, images):
    """The formulas of the docstrings."""
    x = np.asarray(images, np.float64)
    if isinstance(kind, Norm):
        sums = np.abs(x) ** kind.p
    else:
        down, right = np.zeros_like(x), np.zeros_like(x)
        down[:, :-1], right[:, :, :-1] = np.diff(x, axis=1), np.diff(x, axis=2)
        if kind.isotropic:
            sums = (down**2 + right**2 + EPSILON**2) ** (kind.beta / 2) - EPSILON**kind.beta
        else:
            sums = np.abs(down) ** kind.beta + np.abs(right) ** kind.beta
    return sums.sum(axis=(1, 2, 3)) * 224**2 / (x.shape[1] * x.shape[2])


def value(kind, images):
    return kind.value(tf.constant(images)).numpy()


def slope(kind, images, weights=1.0):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(weights * kind.value(images))
    return tape.gradient(total, images).numpy()


@every_kind
def test_values_are_the_formula(kind):
    for images in (pictures(3, 16), pictures(2, 23)[:, :9]):
        np.testing.assert_allclose(value(kind, images), by_hand(kind, images), rtol=2e-6)
        np.testing.assert_allclose(value(kind, images.astype(float)), by_hand(kind, images), rtol=1e-9)


@every_kind
def test_gradients_are_the_slope_of_the_value(kind):
    """Central differences in float64, along every pixel of a small image that is far from every corner."""
    generator = np.random.default_rng(0)
    levels = generator.permutation(np.linspace(0.1, 1.0, 2 * 4 * 5 * 3))  # no zeros, no two neighbours alike
    images, weights = (levels * generator.choice([-1, 1], levels.size)).reshape(2, 4, 5, 3), np.array([1.0, -3.0])
    measured = np.zeros_like(images)
    for place in np.ndindex(images.shape):
        nudge = np.zeros_like(images)
        nudge[place] = 1e-5
        measured[place] = (weights * (by_hand(kind, images + nudge) - by_hand(kind, images - nudge))).sum() / 2e-5
    found = slope(kind, images, tf.constant(weights))
    np.testing.assert_allclose(found, measured, rtol=1e-5, atol=1e-6 * np.abs(measured).max())


@every_kind
def test_gradients_agree_with_automatic_differentiation_of_the_plain_formula(kind):
    images = tf.constant(pictures(2, 17).astype(float))
    with tf.GradientTape() as tape:
        tape.watch(images)
        if isinstance(kind, Norm):
            total = tf.reduce_sum(tf.abs(images) ** kind.p)
        else:
            down = tf.pad(images[:, 1:] - images[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
            right = tf.pad(images[:, :, 1:] - images[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
            if kind.isotropic:
                total = tf.reduce_sum((down**2 + right**2 + EPSILON**2) ** (kind.beta / 2))
            else:
                total = tf.reduce_sum(tf.abs(down) ** kind.beta) + tf.reduce_sum(tf.abs(right) ** kind.beta)
        total *= 224**2 / 17**2
    expected = tape.gradient(total, images).numpy()
    np.testing.assert_allclose(slope(kind, images), expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())


@every_kind
def test_flat_images_and_zeros_have_finite_values_and_slopes(kind):
    for level in (0.0, 1e-30, 0.3, -1.0, 1.0):
        flat = np.full((2, 8, 8, 3), level, np.float32)
        assert np.isfinite(value(kind, flat)).all() and np.isfinite(slope(kind, flat)).all()
        if isinstance(kind, TotalVariation):
            assert (value(kind, flat) == 0).all() and (slope(kind, flat) == 0).all()
    half = pictures(2, 8)
    half[:, :4] = 0.0
    assert np.isfinite(slope(kind, half)).all()


@every_kind
def test_a_batch_is_its_images_one_by_one(kind):
    images = pictures(3, 12)
    alone = [value(kind, images[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(value(kind, images), alone, rtol=1e-6)
    weights = tf.constant([0.0, 1e-3, 2.0])
    together = slope(kind, images, weights)
    for i in range(3):
        np.testing.assert_allclose(together[i], slope(kind, images[i : i + 1], weights[i])[0], rtol=1e-5, atol=1e-6)
    assert (together[0] == 0).all()


@pytest.mark.slow
@every_kind
def test_xla_compiles_value_and_gradient(kind):
    images = pictures(2, 10)

    @tf.function(jit_compile=True, autograph=False)
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            paid = kind.value(x)
            total = tf.reduce_sum(paid)
        return paid, tape.gradient(total, x)

    paid, gradient = both(tf.constant(images))
    np.testing.assert_allclose(paid, value(kind, images), rtol=1e-5)
    plain = slope(kind, images)
    np.testing.assert_allclose(gradient, plain, rtol=1e-4, atol=1e-5 * np.abs(plain).max())
    if isinstance(kind, TotalVariation):
        flat, still = both(tf.fill([2, 10, 10, 3], 0.7))
        assert (flat.numpy() == 0).all() and (still.numpy() == 0).all()


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("kind", [L2(1.0), Norm(1.0), Norm(1.0, p=3)], ids=["L2", "Norm(6)", "Norm(3)"])
def test_norms_do_not_change_with_the_size_of_a_picture(kind, times):
    images = pictures(2, 12)
    enlarged = images.repeat(times, axis=1).repeat(times, axis=2)
    np.testing.assert_allclose(value(kind, enlarged), value(kind, images), rtol=1e-5)


@every_variation
def test_variation_of_a_texture_does_not_change_with_its_size(kind):
    """Noise of the same statistics; the border, which has no neighbour, is the only difference."""
    small, large = pictures(8, 24, seed=1), pictures(2, 96, seed=2)
    np.testing.assert_allclose(value(kind, small).mean(), value(kind, large).mean(), rtol=0.05)


def smooth(size):
    """One period of a wave in each direction."""
    wave = np.sin(2 * np.pi * (np.arange(size) + 0.5) / size)
    return np.broadcast_to((wave[:, None] * wave[None, :])[None, :, :, None], (1, size, size, 3)).copy()


@every_variation
def test_variation_of_an_enlarged_picture_falls_as_documented(kind):
    if not kind.isotropic:  # with hard pixels, corners weigh a little differently when both directions are joined
        hard = pictures(2, 32)
        ratio = value(kind, hard.repeat(4, axis=1).repeat(4, axis=2)) / value(kind, hard)
        np.testing.assert_allclose(ratio, 1 / 4, rtol=0.01)
    np.testing.assert_allclose(value(kind, smooth(256)) / value(kind, smooth(64)), 4.0**-kind.beta, rtol=0.03)


def cost_per_length(kind, degrees, size=96):
    """What a straight, soft edge through the middle of the image pays for a pixel of its length."""
    y, x = np.mgrid[:size, : 2 * size] - np.array([size - 1, 2 * size - 1])[:, None, None] / 2
    across = np.cos(np.radians(degrees)) * x + np.sin(np.radians(degrees)) * y
    image = np.broadcast_to(np.clip(across / 6, -1, 1)[None, :, :, None], (1, size, 2 * size, 3)).copy()
    return value(kind, image)[0] / (size / np.cos(np.radians(degrees)))


@pytest.mark.parametrize("degrees", [10, 30, 45, -45])
def test_isotropic_variation_does_not_care_about_the_direction_of_an_edge(degrees):
    def ratio(kind):
        return cost_per_length(kind, degrees) / cost_per_length(kind, 0)

    along_the_grid = np.abs(np.cos(np.radians(degrees))) + np.abs(np.sin(np.radians(degrees)))
    assert ratio(TotalVariation(1.0, isotropic=True)) == pytest.approx(1.0, abs=0.03)
    assert ratio(TotalVariation(1.0)) == pytest.approx(along_the_grid, abs=0.03)


def test_beta_2_is_the_same_either_way():
    images = pictures(2, 14)
    np.testing.assert_array_equal(value(KINDS["isotropic(2)"], images), value(KINDS["TotalVariation(2)"], images))


def test_beta_decides_between_one_large_step_and_many_small_ones():
    """A cliff and a ramp between the same two greys: equal at beta 1, the ramp much cheaper at beta 2."""
    ramp = np.broadcast_to(np.linspace(-1, 1, 9)[None, None, :, None], (1, 9, 9, 3)).copy()
    cliff = np.where(ramp > 0.1, 1.0, -1.0)
    for isotropic in (False, True):
        np.testing.assert_allclose(
            value(TotalVariation(1.0, 1, isotropic), cliff), value(TotalVariation(1.0, 1, isotropic), ramp), rtol=1e-3
        )
        costs = [value(TotalVariation(1.0, 2, isotropic), image)[0] for image in (cliff, ramp)]
        assert costs[0] == pytest.approx(8 * costs[1])


def test_a_large_p_leaves_all_but_the_extreme_alone():
    faint, strong = np.full((1, 8, 8, 3), 0.5, np.float32), np.full((1, 8, 8, 3), 1.0, np.float32)
    assert value(L2(1.0), strong) / value(L2(1.0), faint) == pytest.approx(4)
    assert value(Norm(1.0), strong) / value(Norm(1.0), faint) == pytest.approx(64)
    np.testing.assert_array_equal(value(L2(1.0), strong), value(Norm(1.0, p=2), strong))


numbers = st.floats(0.125, 1.0, width=32)
seeds = st.integers(0, 2**16)
variations = st.sampled_from(list(VARIATIONS.values()))


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), seed=seeds, scale=numbers)
def test_values_grow_with_the_power_of_the_contrast(kind, seed, scale):
    images = pictures(1, 8, seed).astype(float)
    power = kind.p if isinstance(kind, Norm) else kind.beta
    np.testing.assert_allclose(value(kind, scale * images), scale**power * value(kind, images), rtol=1e-3)


@settings(max_examples=25, deadline=None)
@given(kind=variations, seed=seeds, level=st.floats(-1, 1, width=32))
def test_variation_does_not_see_the_level(kind, seed, level):
    images = pictures(1, 8, seed)
    np.testing.assert_allclose(value(kind, images + np.float32(level)), value(kind, images), rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), seed=seeds)
def test_mirrors_and_transposing_cost_nothing(kind, seed):
    """The isotropic sum joins a pixel with its right and lower neighbours: mirrored, others meet, as many of them."""
    images = pictures(1, 12, seed)
    expected = value(kind, images)
    np.testing.assert_allclose(value(kind, images.transpose(0, 2, 1, 3)), expected, rtol=1e-5)
    for mirrored in (images[:, ::-1], images[:, :, ::-1]):
        isotropic = isinstance(kind, TotalVariation) and kind.isotropic
        np.testing.assert_allclose(value(kind, mirrored.copy()), expected, rtol=0.1 if isotropic else 1e-5)


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), seed=seeds)
def test_a_small_step_against_the_gradient_lowers_the_cost(kind, seed):
    images = zoom(pictures(1, 4, seed), (1, 3, 3, 1), order=1).astype(float)
    downhill = slope(kind, images)
    step = 1e-6 * downhill / np.abs(downhill).max()
    assert value(kind, images - step)[0] < value(kind, images)[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L2(-1e-3), r"L2: a weight must be 0 or more.*got -0\.001.*weight 0\.001"),
        (lambda: Norm([1.0, -2.0]), r"Norm: a weight must be 0 or more.*-2\.0"),
        (lambda: Norm(1.0, p=0.5), r"Norm: p must be a number from 1 .*got 0\.5.*one run for each"),
        (lambda: Norm(1.0, p=[2, 6]), r"Norm: p must be a number.*got \[2, 6\]"),
        (lambda: Norm(1.0, p=np.nan), r"Norm: p must be a number.*got nan"),
        (lambda: TotalVariation(1.0, beta=0.9), r"TotalVariation: beta must be a number from 1 to 3.*got 0\.9"),
        (lambda: TotalVariation(1.0, beta=4), r"TotalVariation: beta must be a number from 1 to 3.*got 4"),
        (lambda: TotalVariation(1.0, beta="2"), r"TotalVariation: beta must be a number.*got '2'"),
        (lambda: L2(np.inf), r"L2: weight must be a finite number"),
    ],
)
def test_wrong_numbers_are_refused_with_what_is_allowed(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_changes_the_computation_is_in_the_structure_and_what_does_not_is_not():
    assert Norm(1.0).structure == Norm([0.0, 5.0]).structure != Norm(1.0, p=4).structure
    structures = {kind.structure for kind in KINDS.values()} | {Norm(1.0, p=2).structure}
    assert len(structures) == len(KINDS) + 1
    assert TotalVariation(1e-3, 2, True).describe() == {
        "name": "TotalVariation", "weight": 1e-3, "beta": 2.0, "isotropic": True,
    }  # fmt: skip
    assert Norm([1.0, 2.0]).describe() == {"name": "Norm", "weight": [1.0, 2.0], "p": 6.0}


def test_a_penalty_without_a_value_says_so():
    class Nothing(Penalty):
        pass

    with pytest.raises(TypeError, match="Nothing defines no value"):
        Nothing(1.0).value(tf.zeros([1, 4, 4, 3]))

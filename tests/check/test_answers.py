"""Every check says right to a right answer, not yet to a wrong one, and nothing to an exercise not begun."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from featviz_helpers import check
from support.networks import pictures, shapesnet

LAYER = "mixed1"
# Judged in test_check_priors and test_texture_answers.
ELSEWHERE = {
    *("fair_distance", "takes_generator", "typical_code"),
    *("cheapest_seam", "divided", "same_texture", "shifted_gram"),
    *("calm", "looks_elsewhere", "many_kinds"),
}


@pytest.fixture(scope="module")
def low():
    return fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), size=48, steps=3)


def one_step(sign=1.0):
    start = tf.constant(pictures(1, 48) / 2)
    with tf.GradientTape() as tape:
        tape.watch(start)
        score = tf.reduce_mean(shapesnet().truncate(LAYER)(start)[..., 5])
    slope = tape.gradient(score, start)
    return np.clip(start + sign * 0.02 * slope / tf.math.reduce_std(slope), -1, 1)


def judge_step(answer, size=0.02):
    return check.one_step(answer, pictures(1, 48) / 2, shapesnet(), LAYER, 5, size)


def favourite(answer):
    data = fv.shapes.draw(320, seed=0)
    return check.favourite_class(answer, shapesnet(), LAYER, 5, data)


def faint_picture():
    return fv.maximize(shapesnet(), fv.channel(LAYER, 3), size=48, steps=30, penalties=[fv.L2(3e-3)])


@cache
def both_strong_and_apart():
    apart = fv.channel(LAYER, [3] * 3) + fv.synthesis.Diversity(LAYER)
    return fv.maximize(shapesnet(), apart, size=48, steps=12, progress=False).images


def strong():
    return float(fv.score(shapesnet(), fv.channel(LAYER, 3), both_strong_and_apart()).min())


def said_of_them():
    return set(shapesnet().activations(both_strong_and_apart(), "logits").argmax(axis=1).tolist())


def ramp():
    line = np.linspace(-0.5, 0.5, 32)
    return np.repeat((line[:, None] + line)[None, ..., None], 3, axis=-1)


def best_class():
    data = fv.shapes.draw(320, seed=0)
    means = shapesnet().activations(data.images, LAYER)[..., 5].mean(axis=(1, 2))
    labels = np.array([means[data.labels == i].mean() for i in range(len(fv.shapes.CLASSES))])
    return fv.shapes.CLASSES[int(labels.argmax())], fv.shapes.CLASSES[int(labels.argmin())]


def wave(row, column):
    coefficients = np.zeros((1, 3, 32, 17, 2), np.float32)
    coefficients[0, 0, row, column, 0] = 4.0
    return coefficients


def additive():
    return np.array([[1.0, 1, 1, 1, 2]]) + np.arange(4)[:, None]


def silenced(made):
    """An image that drives no channel, and is its own nearest."""
    return np.zeros_like(made.images[:1])


@cache
def enough_intervals():
    """The first of 8, 16, ... that leave at most 2 % over, and so do twice as many, from the sums themselves."""
    image, one, left = pictures(1, 64), fv.class_score(5), {}
    rise = fv.score(shapesnet(), one, image) - fv.score(shapesnet(), one, 0 * image)
    for steps in (8, 16, 32, 64, 128, 256):
        path = np.linspace(0, 1, steps + 1, dtype=np.float32)[:, None, None, None] * image
        slopes = (fv.attribution.gradient(shapesnet(), one, path) * image).sum(axis=(1, 2, 3))
        left[steps] = abs(np.trapezoid(slopes, dx=1 / steps) - rise) / abs(rise)
    return next(steps for steps in left if max(left[steps], left[2 * steps]) <= 0.02)


@cache
def seen():
    data = fv.shapes.draw(2, seed=4)
    return data.images, data.labels.tolist()


def true_maps():
    """Maps that are better than their opposite: what the integral says."""
    images, labels = seen()
    return fv.attribution.integrated_gradients(shapesnet(), fv.class_score(labels), images).maps


def attacked(sign=1.0, epsilon=8 / 255):
    """FGSM by hand, or a wrong one."""

    def answer(images, classes, _):
        slopes = fv.attribution.gradient(shapesnet(), fv.synthesis.adversaries.cross_entropy(classes), images)
        return np.clip(images + sign * 2 * epsilon * np.sign(slopes), -1, 1)

    return answer


def by_signs(images, classes, epsilon):
    return fv.synthesis.fgsm(shapesnet(), images, classes, epsilon)


@cache
def least():
    images, labels = seen()
    return fv.synthesis.smallest_epsilon(shapesnet(), images, labels, most=0.6, attack=fv.synthesis.fgsm)


@cache
def second_best():
    return int(shapesnet().activations(seen()[0][:1], "logits")[0].argsort()[-2])


@cache
def fooled(strong=True):
    sure = 0.9 if strong else 0.2
    return fv.synthesis.fooling(shapesnet(), seen()[0][:1], second_best(), probability=sure, most_steps=300).images


@cache
def met(steps=200):
    """A picture from another start with the features of the first one at the class scores."""
    other = fv.shapes.draw(1, seed=9).images
    made = fv.synthesis.invert(
        shapesnet(), seen()[0][:1], "logits", start=other, penalties=[], steps=steps, progress=False
    )
    return made.images


def ordered_by_rows():
    images, labels = seen()
    rivals = fv.attribution.removal_curves(shapesnet(), labels, images, 0 * images[..., 0], points=5)
    return rivals, shapesnet(), labels, images


def squares(kernels):
    return (kernels**2).sum(axis=(1, 2, 3))


def variation(images, power):
    """The penalty's formula in plain numpy: the sum over differences down and to the right, per 224 x 224 pixels."""
    down, right = (power(np.diff(images, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2))
    return (down + right) * 224**2 / (images.shape[1] * images.shape[2])


def judged(**distances):
    """The controls of a study: two distances of each by the place-free judge, whose mean counts."""
    rows = [(name, value + shift) for name, value in distances.items() for shift in (-1.0, 1.0)]
    return pd.DataFrame(rows, columns=["control", "place_free_exemplar_distance"])


def many():
    return fv.shapes.draw(48, seed=2).images


def brightened(images):
    """Each image by its own amount: by pixels that decides who is near whom."""
    steps = np.random.default_rng(0).uniform(-0.5, 0.5, (len(images), 1, 1, 1))
    return (0.5 * images + steps).astype(np.float32)


def cube():
    """Points of which two directions out of three are wide."""
    return np.random.default_rng(0).uniform(size=(30, 3)) * [3, 2, 0.1]


def ranked():
    """Five channels of ten images: 0 and 1 are selective, 2 shares an image with 0, 3 is level, and 4 is silent."""
    found = fv.find_exemplars(shapesnet(), fv.ShapesImages(10), LAYER, k=2, progress=False)
    paths = list("abcdebfghi")
    table = pd.concat([found.rows(LAYER, channel) for channel in range(5)])
    level = found.quantiles.query("channel < 5 and pooling == 'mean'")
    return replace(
        found,
        table=table.assign(path=paths, activation=np.repeat([3.0, 3.0, 3.0, 1.1, 0.0], 2)),
        quantiles=level.assign(activation=np.where(level["channel"] == 4, 0.0, 1.0)),
    )


def cases(low):
    higher = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), size=48, steps=30)
    others = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 6]), size=48, steps=30)
    blurs = [fv.GaussianBlur(1.0, every=2)]
    blurred = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), size=48, steps=30, projections=blurs)
    coarse = fv.Fourier().decode(tf.constant(wave(0, 1)), 32, 32).numpy()
    wide = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), size=64, steps=2)
    a, b = fv.channel(LAYER, 1), fv.channel(LAYER, 2)
    best, worst = best_class()
    return {
        "climbs_higher": (lambda x: check.climbs_higher(x, low), [higher], [low, others]),
        "gradient_is": (
            lambda x: check.gradient_is(x, lambda maps: maps, "the activation"),
            [lambda m: tf.reduce_sum(m**2) / 2, lambda m: 0.5 * tf.reduce_sum(tf.square(m))],
            [lambda m: tf.reduce_sum(m**2), tf.reduce_mean, lambda m: tf.constant(1.0), lambda m: m**2 / 2],
        ),
        "octave_sizes": (
            lambda x: check.octave_sizes(x, fv.Octaves(3, 1.4), 224),
            [[114, 160, 224], (114, 160, 224)],
            [[224, 160, 114], [114, 160]],
        ),
        "one_step": (judge_step, [one_step()], [one_step(-1), pictures(1, 48) / 2, np.zeros((1, 4, 4, 3))]),
        "combination": (
            lambda x: check.combination(x, {(LAYER, 1): 2.0, (LAYER, 2): -1.0}),
            [2 * a - b, a + a - b, -(b - 2 * a)],
            [a - b, 2 * a + b, 2 * a, 2 * fv.neuron(LAYER, 1) - fv.neuron(LAYER, 2)],
        ),
        "number": (lambda x: check.number(x, 0.25, 0.01, "Count again."), [0.25, 0.2501], [0.3, -0.25]),
        "best_of": (
            lambda x: check.best_of(x, {"L2": 0.1, "TV": 0.5, "blur": 0.3}, "contrast"),
            ["TV"],
            ["L2", "blur", "jitter"],
        ),
        "squared_differences": (
            check.squared_differences,
            [lambda x: variation(x, np.square)],
            [lambda x: variation(x, np.abs), lambda x: variation(x, np.square) / 2, lambda x: x**2],
        ),
        "smoother": (
            lambda x: check.smoother(x, higher, keep=0.3),
            [blurred],
            [higher, low, others],
        ),
        "faint": (
            lambda x: check.faint(x, higher, contrast=0.05, keep=0.1),
            [faint_picture()],
            [higher, fv.maximize(shapesnet(), fv.channel(LAYER, 3), size=48, steps=30)],
        ),
        "l2_weight": (lambda x: check.l2_weight(x, factor=-0.02, size=112), [0.005], [-0.005, 0.02, 0.08]),
        "resting_value": (lambda x: check.resting_value(x, step=0.02, decay=0.05), [0.38], [0.4, 0.019]),
        "edge_price": (lambda x: check.edge_price(x, size=224), [1344, 1344.0], [672, 448]),
        "silent_votes": (
            lambda x: check.silent_votes(x, spread=0.2),
            [ramp()],
            [0 * ramp(), ramp() ** 2, ramp()[0]],
        ),
        "favourite_class": (favourite, [best], [worst, "cat"]),
        "matches": (
            lambda x: check.matches(x, shapesnet(), LAYER, [3, 5], higher.images),
            ["AB", "a b"],
            ["BA", "A", "AC"],
        ),
        "favourites": (
            lambda x: check.favourites(x, shapesnet(), LAYER, higher.images, but=[0]),
            [[3, 5], np.array([3, 5])],
            [[5, 3], [3, 3], [0, 5], [3, 999], [3], ["3", "5"]],
        ),
        "drives": (
            lambda x: check.drives(x, shapesnet(), LAYER, [3], higher.activations[:1], share=0.9),
            [higher],
            [low],
        ),
        "least_decided": (
            lambda x: check.least_decided(x, pd.DataFrame({4: [1.0, 2.0, 0.0], 7: [1.0, 1.1, 1.0]})),
            [7],
            [4, 5],
        ),
        "two_alternatives": (
            lambda x: check.two_alternatives(
                x, [fv.exemplars.Round(i, (0,), (1, 2), key) for i, key in enumerate("ABBABA")]
            ),
            ["ABBABA", "a b b a b a", "ABBABB"],
            ["BAABAB", "ABBBBB", "ABB", "ABCABA", "A, B"],
        ),
        "drives_both": (
            lambda x: check.drives_both(x, np.array([[1, 5], [2, 6], [3, 1], [4, 7]]), share=0.5),
            [3, np.int64(3)],
            [0, 2, 4, -1],
        ),
        "lying_picture": (
            lambda x: check.lying_picture(x, ["rings", "grid", None], {0: "rings", 1: "weave"}),
            [1],
            [0, 2, 3, -1],
        ),
        "representative": (
            lambda x: check.representative(x, ranked(), LAYER, count=2, ratio=1.5),
            [[0, 1], (1, 0)],
            [[0, 2], [0, 3], [0, 4], [0], [1, 1], [0, 1, 2]],
        ),
        "moved_by_turn": (lambda x: check.moved_by_turn(x, degrees=60, radius=10), [10.0, 10], [5.0, 20]),
        "stride": (lambda x: check.stride(x, shapesnet(), LAYER), [4], [8, 2]),
        "half_turn": (check.half_turn, [lambda x: x[:, ::-1, ::-1]], [lambda x: x[:, ::-1], lambda x: x[0]]),
        "octave_work": (lambda x: check.octave_work(x, fv.Octaves(2, 2)), [0.625], [0.75, 1.0]),
        "right_size": (
            lambda x: check.right_size(x, blurred.images[:1], than=higher, tolerance=0.01),
            [blurred],
            [replace(blurred, images=coarse), higher],
        ),
        "one_wave": (lambda x: check.one_wave(x, 4, 32), [wave(4, 0)], [wave(0, 4), wave(5, 0), np.zeros((3, 3))]),
        "higher_and_steady": (
            lambda x: check.higher_and_steady(x, low, shapesnet(), fv.channel(LAYER, [3, 5]), robust=0.9),
            [fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), size=48, steps=30, transforms=[fv.Jitter(8)])],
            [higher, low, others],
        ),
        "bargain": (
            lambda x: check.bargain(x, higher, shapesnet(), fv.channel(LAYER, [3, 5]), keep=0.3, robust=0.5),
            [blurred],
            [higher, low, others],
        ),
        "order": (
            lambda x: check.order(x, judged(far=2.0, near=0.5, middle=1.0, other=0), ["far", "near", "middle"]),
            [["near", "middle", "far"], ("near", "middle", "far")],
            [["far", "middle", "near"], ["near", "far"], [1, 2, 3]],
        ),
        "ordinary_sets": (
            check.ordinary_sets,
            [additive(), 2 * additive()],
            [additive() - 1.5, additive() + np.eye(4, 5), additive()[:, ::-1], additive().T, additive() * 0.1],
        ),
        "fools": (
            lambda x: check.fools(
                x, fv.distance("pixels"), silenced(higher), higher.images[:1], shapesnet(), fv.channel(LAYER, 3), 0.5
            ),
            [silenced(higher)],
            [higher.images[:1], low.images[:1, :24], -higher.images[:1]],
        ),
        "class_activation": (
            check.class_activation,
            [lambda maps, slopes: np.maximum((maps * slopes.mean((1, 2), keepdims=True)).sum(-1), 0)],
            [
                lambda maps, slopes: (maps * slopes.mean((1, 2), keepdims=True)).sum(-1),
                lambda maps, slopes: np.maximum(maps * slopes.mean((1, 2), keepdims=True), 0).sum(-1),
                lambda maps, slopes: np.maximum((maps * slopes).sum(-1), 0),
                lambda maps, slopes: maps[0],
            ],
        ),
        "intervals": (
            lambda x: check.intervals(x, shapesnet(), fv.class_score(5), pictures(1, 64), tolerance=0.02),
            [enough_intervals()],
            [enough_intervals() // 2, 2 * enough_intervals(), 0, 48, 10**6],
        ),
        "insertion": (
            lambda x: check.insertion(x, *ordered_by_rows()),
            [true_maps()],
            [-true_maps(), true_maps()[:1], true_maps()[:, :9]],
        ),
        "colour_share": (
            check.colour_share,
            [lambda kernels: ((kernels - kernels.mean(-1, keepdims=True)) ** 2).sum((1, 2, 3)) / squares(kernels)],
            [
                lambda kernels: (
                    1 - ((kernels - kernels.mean(-1, keepdims=True)) ** 2).sum((1, 2, 3)) / squares(kernels)
                ),
                lambda kernels: (
                    ((kernels - kernels.mean((1, 2, 3), keepdims=True)) ** 2).sum((1, 2, 3)) / squares(kernels)
                ),
                lambda kernels: 0.5,
                lambda kernels: kernels.std(axis=-1),
            ],
        ),
        "two_kinds_of_near": (
            lambda x: check.two_kinds_of_near(x, shapesnet(), "mixed4", many(), k=5, lost=0.5, kept=0.3),
            [brightened(many())],
            [many(), many()[:3], 3 * many(), fv.exemplars.scramble(many()), pictures(48, 64)],
        ),
        "faithful_map": (
            lambda x: check.faithful_map(x, cube(), than=cube()[:, :2] ** 3),
            [cube()[:, :2], cube()[:, 1::-1]],
            [cube()[:, :2] ** 3, np.sin(9 * cube()[:, :2]), cube(), cube()[:5, :2], np.nan * cube()[:, :2]],
        ),
        "apart": (
            lambda x: check.apart(x, shapesnet(), LAYER, 3, count=3, least=0.5 * strong(), alike=0.99),
            [both_strong_and_apart()],
            [both_strong_and_apart()[:2], both_strong_and_apart()[[0, 0, 0]], pictures(3, 48), 3 * pictures(3, 48)],
        ),
        "shows": (
            lambda x: check.shows(x, shapesnet(), LAYER, 3, 3, 0.5 * strong(), shapesnet(), kinds=said_of_them()),
            [both_strong_and_apart()],
            [
                both_strong_and_apart()[:2],
                pictures(3, 48),
                np.repeat(pictures(1, 48), 3, axis=0),
                np.full((3, 48, 48, 3), np.nan),
            ],
        ),
        "steady_film": (
            lambda x: check.steady_film(x, shapesnet(), LAYER, (3, 3), 3, 2 * [0.5 * strong()], 0.05, middle=0.9),
            [both_strong_and_apart()[[0, 0, 0]]],
            [both_strong_and_apart(), np.zeros((3, 48, 48, 3)), both_strong_and_apart()[0]],
        ),
        "attack": (
            lambda x: check.attack(x, by_signs, *seen(), 8 / 255),
            [attacked(), lambda *given: tf.constant(attacked()(*given))],
            [
                attacked(-1.0),
                attacked(epsilon=4 / 255),
                attacked(epsilon=16 / 255),
                lambda x, *_: x,
                lambda x, *_: x[:1],
                lambda x, *_: fv.synthesis.random_signs(x, 8 / 255),
                lambda x, *_: x + 2 * 8 / 255,
            ],
        ),
        "smallest": (
            lambda x: check.smallest(x, shapesnet(), *seen(), by_signs, tolerance=0.01),
            [least(), least() + 0.005],
            [0.5 * least(), least() + 0.02, least()[:1], 0 * least(), 255 * least()],
        ),
        "fooling_image": (
            lambda x: check.fooling_image(x, shapesnet(), seen()[0][:1], second_best(), probability=0.85, change=0.3),
            [fooled()],
            [seen()[0][:1], fooled(False), 2 * fooled(), fooled()[:, :32], np.full_like(fooled(), np.nan)],
        ),
        "metamer": (
            lambda x: check.metamer(x, shapesnet(), seen()[0][:1], "logits", near=0.1, far=0.1),
            [met()],
            [seen()[0][:1], met(5), -seen()[0][:1], seen()[0][0]],
        ),
        "coarser_change": (
            lambda x: check.coarser_change(x, np.zeros_like(higher.images), than=higher, share=0.8),
            [blurred],
            [higher, wide],
        ),
    }


@pytest.mark.slow
def test_every_check_judges(low, capsys):
    table = cases(low)
    assert set(table) | ELSEWHERE == set(check.__all__)
    assert not set(table) & ELSEWHERE
    for name, (judge, right, wrong) in table.items():
        capsys.readouterr()
        for answer in right:
            assert judge(answer) is True, name
            assert capsys.readouterr().out.startswith("Right: "), name
        for answer in wrong:
            assert judge(answer) is False, name
            assert capsys.readouterr().out.startswith("Not yet: "), name
        assert judge(None) is None and "Not answered yet" in capsys.readouterr().out, name


@pytest.mark.parametrize(
    ("judge", "answer", "says"),
    [
        (lambda x: check.number(x, 3, 0.1, "Count."), "3", "wants a number, and str '3' is none"),
        (lambda x: check.number(x, 3, 0.1, "Count."), np.zeros((2, 3)), "an array of shape (2, 3) is none"),
        (lambda x: check.number(x, 3, 0.1, "Count."), True, "bool True"),
        (lambda x: check.stride(x, shapesnet(), LAYER), 64.5, "a whole number"),
        (lambda x: check.best_of(x, {"a": 1}, "size"), 5, "a name in quotation marks"),
        (check.squared_differences, np.zeros(3), "a function"),
        (lambda x: check.smoother(x, None, keep=0.9), np.zeros((1, 8, 8, 3)), "what fv.maximize returns"),
        (lambda x: check.combination(x, {}), "2 * a", "an objective"),
        (lambda x: check.octave_sizes(x, fv.Octaves(3, 1.4), 224), 224, "a list of numbers"),
        (lambda x: check.one_step(x, None, shapesnet(), LAYER, 5, 0.02), "image", "an array of images"),
    ],
)
def test_an_answer_of_another_kind_is_told_what_is_wanted(judge, answer, says, capsys):
    assert judge(answer) is False
    assert says in capsys.readouterr().out


def test_a_tensor_of_one_value_is_a_number(capsys):
    assert check.number(tf.constant(3.0), 3, 0.1, "Count.") is True
    assert check.number(np.float32(3), 3, 0.1, "Count.") is True
    assert "Right" in capsys.readouterr().out


def test_a_cross_fade_is_no_film(capsys):
    climb = {"size": 48, "steps": 16, "progress": False, "parameterization": fv.Fourier()}
    first, last = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5]), **climb).images
    both = fv.maximize(shapesnet(), 0.5 * fv.channel(LAYER, 3) + 0.5 * fv.channel(LAYER, 5), **climb).images[0]
    asked = [shapesnet(), LAYER, (3, 5), 3, [0.0, 0.0], 1.0]
    assert check.steady_film(np.stack([first, both, last]), *asked, middle=1.2) is True
    assert check.steady_film(np.stack([first, (first + last) / 2, last]), *asked, middle=1.2) is False
    assert "1.2 times the cross-fade" in capsys.readouterr().out


def test_a_negative_step_size_asks_for_the_step_downhill(capsys):
    assert judge_step(one_step(-1) + np.float32(1e-5), -0.02)  # as another machine rounds
    assert "one step downhill" in capsys.readouterr().out
    assert not judge_step(one_step(), -0.02)


def grad_cam(maps, slopes):
    """In float32, as a network's own numbers are."""
    weights = np.float32(slopes).mean((1, 2))
    return np.maximum(np.einsum("nhwc,nc->nhw", np.float32(maps), weights), 0)


def colourful(kernels):
    kernels = np.float32(kernels)
    return 1 - 3 * (kernels.mean(-1) ** 2).sum((1, 2)) / squares(kernels)


def two_waves(row, column):
    """Six stripes, and a much stronger wave."""
    coefficients = wave(6, 0)
    coefficients[0, :, row, column, 0] = 200.0
    return coefficients


@pytest.mark.parametrize(
    ("judged", "right", "says"),
    [
        (lambda: check.class_activation(grad_cam), True, "your maps are Grad-CAM's"),
        (lambda: check.class_activation(lambda maps, slopes: 1.01 * grad_cam(maps, slopes)), False, "differ"),
        (lambda: check.colour_share(colourful), True, "the others are right"),
        (lambda: check.colour_share(lambda kernels: 1.01 * colourful(kernels)), False, "differ"),
        (lambda: check.silent_votes(5 * ramp(), spread=0.2), False, "yours goes from -5 to 5"),
        (lambda: check.silent_votes(np.nan * ramp(), spread=0.2), False, "lies in [-1, 1]"),
        (lambda: check.silent_votes(ramp()[:, :2, :2], spread=0.2), False, "must have the shape (1, 32, 32, 3)"),
        (lambda: check.one_wave(two_waves(26, 10), 6, 32), False, "6 cycles from top to bottom and 10 from left"),
        (lambda: check.one_wave(two_waves(6, 10), 6, 32), False, "6 cycles from top to bottom and 10 from left"),
        (lambda: check.insertion(np.nan * true_maps(), *ordered_by_rows()), False, "must be finite"),
        (lambda: check.two_kinds_of_near(np.nan * many(), shapesnet(), LAYER, many(), 5, 1, 0), False, "yours reach"),
    ],
)
def test_what_is_right_but_for_rounding_passes_and_what_the_task_forbids_does_not(judged, right, says, capsys):
    assert judged() is right
    assert says in capsys.readouterr().out


def test_an_array_of_one_value_stays_an_array_where_one_is_wanted(capsys):
    images, labels = seen()
    epsilon = np.array([0.5])
    check.smallest(epsilon, shapesnet(), images[:1], labels[:1], by_signs, tolerance=0.01)
    assert "array of numbers" not in capsys.readouterr().out
    assert check.octave_sizes(np.array([224]), fv.Octaves(1, 1.4), 224) is True
    assert check.number(np.array([[3]]), 3, 0.1, "Count.") is True
    assert check.number(np.array(["3"]), 3, 0.1, "Count.") is False


def test_a_tensor_in_bfloat16_holds_numbers(capsys):
    assert check.ordinary_sets(tf.constant(2 * additive(), tf.bfloat16)) is True
    assert check.number(tf.constant(3, tf.bfloat16), 3, 0.1, "Count.") is True
    assert check.ordinary_sets(additive() > 0) is False
    assert "an array of shape (4, 5), bool, is none" in capsys.readouterr().out


def test_a_class_that_no_image_shows_is_no_favourite(capsys):
    data = fv.shapes.draw(4, seed=0, classes=["fine dots", "rings"])
    assert check.favourite_class("weave", shapesnet(), LAYER, 5, data) is False
    assert "none of these images shows 'weave'; they show fine dots, rings." in capsys.readouterr().out


@pytest.mark.parametrize("answer", [[0, 999], [0.0, 1.0], [[0], [1]], np.array([[0], [1]])])
def test_what_is_no_channel_is_said_so(answer, capsys):
    assert check.representative(answer, ranked(), LAYER, count=2, ratio=1.5) is False
    assert check.favourites(answer, shapesnet(), LAYER, pictures(2, 48)) is False
    assert capsys.readouterr().out.count("Not yet: ") == 2


def test_a_picture_out_of_range_fools_no_distance(capsys):
    made, own = pictures(1, 48), pictures(3, 48, 1)
    asked = [fv.distance("pixels"), own, made, shapesnet(), fv.channel(LAYER, 3), 9.0]
    assert check.fools(np.full_like(made, 7.0), *asked) is False
    assert check.fools(np.full_like(made, np.nan), *asked) is False
    assert capsys.readouterr().out.count("a picture lies in [-1, 1]") == 2


@pytest.mark.parametrize(
    ("judged", "right", "says"),
    [
        (lambda: check.octave_sizes(np.array([[114, 114], [160, 160], [224, 224]]), fv.Octaves(3, 1.4), 224), False,
         "wants a list of numbers, and an array of shape (3, 2)"),
        (lambda: check.octave_sizes(np.array([114.0, 160, 224]), fv.Octaves(3, 1.4), 224), True, ""),
        (lambda: check.favourites(np.array(3), shapesnet(), LAYER, pictures(2, 48)), False, "list of channel numbers"),
        (lambda: check.gradient_is(lambda maps: None, np.abs, "size"), False, "returns None"),
        (lambda: check.gradient_is(lambda maps: tf.reduce_sum(tf.gather(maps, [0, 1]) ** 2) / 2, np.array, "it"), True,
         "its gradient is it"),
        (lambda: check.ordinary_sets(tf.constant(37.3 * additive() + 0.1, tf.float32)), True, ""),
        (lambda: check.combination(fv.channel(LAYER, [1, 2]), {(LAYER, 1): 1.0}), False, "yours is for 2"),
        (lambda: check.octave_work(Fraction(5, 8), fv.Octaves(2, 2)), True, "0.625"),
        (lambda: check.octave_work(Fraction(1, 8), fv.Octaves(2, 2)), False, "0.125 is not it"),
        (lambda: check.silent_votes(np.full((1, 32, 32, 3), -128, np.int8), 0.0), False, "goes from -128"),
    ],
)  # fmt: skip
def test_a_right_answer_written_otherwise_is_right_and_an_odd_one_is_told(judged, right, says, capsys):
    assert judged() is right
    assert says in capsys.readouterr().out


def test_channels_that_are_not_a_number_did_not_get_higher(low, capsys):
    dead = replace(low, activations=np.array([np.nan, 99.0]))
    assert check.climbs_higher(dead, low) is False
    assert "1 of 2 channels did not get higher" in capsys.readouterr().out

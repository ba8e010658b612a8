"""What answers earn: truths against the library and against definitions, mistakes, and the rule of a pure function."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.penalties import TotalVariation
from featviz_helpers.classroom import evaluation, keys, pictures, regularisers
from featviz_helpers.classroom.climbing import climb
from featviz_helpers.classroom.given import given, slopes_of_fourth_powers
from featviz_helpers.classroom.grading import QUESTIONS, grade, question_of, total
from featviz_helpers.classroom.variants import ASSIGNMENTS, PRACTICE, Variant
from featviz_helpers.study.specificity import permutation_p
from support.odd_inputs import ODD

RINGS = given(Variant("regularisers", "ada"))["images"]


def points(assignment, question, answer, student="ada"):
    variant = Variant(assignment, student)
    return question_of(variant, question).grade(np.asarray(answer), variant)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_same_student_is_given_the_same_and_another_one_other_numbers(assignment):
    first, again, other = (given(Variant(assignment, name)) for name in ("Ada", " ada ", "bob"))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    same = {name for name in first if np.array_equal(first[name], other[name])}
    assert same <= {"channel", "sizes", "batches", "own", "grey"}
    assert sum(question.points for question in QUESTIONS[assignment]) == 100


def test_channels_are_spread_over_a_class():
    taken = {Variant("dreams", f"student {number}").channel for number in range(200)}
    assert taken == set(keys.channels()) and len(taken) >= 15


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, 7, None])
def test_an_odd_id_is_refused_in_a_sentence(name):
    with pytest.raises(ValueError, match="the student must be an id of 1 to 100"):
        Variant("dreams", name)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.slow
def test_no_answer_however_odd_raises_or_earns_anything(assignment):
    variant = Variant(assignment, "ada")
    for question in QUESTIONS[assignment]:
        for value in ODD.values():
            answer = value if isinstance(value, str) else np.asarray(value, object if isinstance(value, list) else None)
            assert question.grade(answer, variant).points == 0.0, (question.name, value)
    assert total(grade(variant, {})) == 0.0
    assert total(grade(variant, {"points": np.array(100.0), "unasked": "text"})) == 0.0


def test_total_variation_is_that_of_the_library_but_for_the_border_and_the_factor():
    wrapped = np.pad(RINGS, [(0, 0), (0, 1), (0, 1), (0, 0)], mode="wrap")
    down = np.abs(np.diff(wrapped, axis=1))[:, :, :-1].sum(axis=(1, 2, 3))
    right = np.abs(np.diff(wrapped, axis=2))[:, :-1].sum(axis=(1, 2, 3))
    truth = (down + right) / (12 * 16)
    assert points("regularisers", "total_variation", truth) == (15.0, "right")
    bordered = TotalVariation(1.0).value(tf.constant(RINGS, tf.float32)).numpy() / 224**2
    mark = points("regularisers", "total_variation", bordered)
    assert mark.points == 9.0 and "first, are missing" in mark.reason


def test_gradients_are_those_of_automatic_differentiation():
    pixels = tf.constant(RINGS)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(pixels)
        steps = [tf.roll(pixels, -1, axis) - pixels for axis in (1, 2)]
        absolute = sum(tf.reduce_sum(tf.abs(step)) for step in steps) / (12 * 16)
        fourth = sum(tf.reduce_sum(step**4) for step in steps) / RINGS[0].size
    assert points("regularisers", "tv_gradient", tape.gradient(absolute, pixels)) == (15.0, "right")
    assert np.allclose(slopes_of_fourth_powers(RINGS), tape.gradient(fourth, pixels))


def test_slopes_go_to_the_gradient_and_candidates_are_told_apart():
    for name in ("ada", "bob", "carl"):
        variant = Variant("regularisers", name)
        there = given(variant)
        slope = slopes_of_fourth_powers(there["point"])
        right = [bool(np.allclose(candidate, slope[0], atol=1e-12)) for candidate in there["candidates"]]
        assert 1 <= sum(right) <= 3
        assert points("regularisers", "suspects", right, name).points == 10.0
        assert points("regularisers", "suspects", np.logical_not(right), name).points == 0.0
        ahead, behind = (regularisers.fourth_powers(there["point"] + by * there["directions"]) for by in (0.1, -0.1))
        measured = (ahead - behind) / 0.2
        assert np.allclose(measured, (slope * there["directions"]).sum(axis=(1, 2, 3)), atol=0.05)
        assert points("regularisers", "slopes", measured, name).points == 10.0
        one_sided = (ahead - regularisers.fourth_powers(there["point"])) / 0.1
        assert points("regularisers", "slopes", one_sided, name).points == 6.0


def test_jitter_moves_each_image_by_its_own_row():
    there = given(Variant("regularisers", "ada"))
    moved = np.empty_like(there["images"])
    for image, (down, right) in enumerate(there["shifts"]):
        for row, column in np.ndindex(12, 16):
            moved[image, (row + down) % 12, (column + right) % 16] = there["images"][image, row, column]
    assert points("regularisers", "jitter", moved) == (10.0, "right")
    moved[0] = 0
    assert points("regularisers", "jitter", moved) == (7.5, "3 of 4 cases are right")


def test_the_top_of_a_stream_is_that_of_the_whole():
    there = given(Variant("evaluation", "ada"))
    whole = there["activations"]
    images = np.array([sorted(range(300), key=lambda i: (-whole[i, unit], i))[:5] for unit in range(6)])
    assert points("evaluation", "top_images", images) == (15.0, "right")
    assert points("evaluation", "top_values", np.take_along_axis(whole.T, images, 1)) == (10.0, "right")
    ties = [a == b for row in np.take_along_axis(whole.T, images, 1) for a, b in pairwise(row)]
    assert any(ties), "or it would not matter which of two equal images is kept"


@pytest.mark.parametrize("student", ["ada", "bob", "carl"])
def test_p_values_agree_with_a_random_test_of_them_and_the_studys_statistic(student):
    matrices = given(Variant("evaluation", student))["matrices"]
    exact = evaluation.exact_p(matrices, two_sided=True)
    assert np.allclose([permutation_p(matrix, 4000) for matrix in matrices], exact, atol=0.03)
    generator, answer = np.random.default_rng(5), []
    for matrix in matrices:
        deals = [matrix[:, generator.permutation(7)] for _ in range(2000)]
        dealt = [np.trace(evaluation.residuals(deal)) for deal in deals]
        real = np.trace(evaluation.residuals(matrix))
        answer.append((1 + sum(value <= real + 1e-12 for value in dealt)) / 2001)
    assert points("evaluation", "p_values", answer, student).points == 20.0
    assert points("evaluation", "p_values", np.zeros(4), student).points == 0.0


def test_holm_by_hand():
    p = given(Variant("evaluation", "ada"))["p"]
    stands = np.zeros(p.shape)
    for row, family in enumerate(p):
        limits = zip(sorted(family), (0.05 / 6, 0.01, 0.0125, 0.05 / 3, 0.025, 0.05), strict=True)
        for value, limit in limits:
            if value > limit:
                break
            stands[row, list(family).index(value)] = 1
    assert points("evaluation", "holm", stands) == (10.0, "right")
    assert 0 < stands.mean() < (p <= 0.05).mean()


def test_every_channel_rewards_its_own_picture_alone():
    """Neither flat colours nor noise nor the key's own floor earn anything, and all of the reference earns all."""
    for channel in keys.channels():
        key = keys.key_of(channel)
        for enough in (pictures.ENOUGH, pictures.SOFTENED):
            shares = [pictures.height(x, key, enough).share for x in (0.0, key.floor, key.drawing, key.reference)]
            assert shares[:2] == [0.0, 0.0] and shares[3] == 1.0, channel
            assert shares[2] <= 0.4 or enough == pictures.SOFTENED


def test_pixels_are_looked_at_by_the_graders_own_network():
    variant = Variant("dreams", "ada")
    for pixels in (np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)):
        assert pictures.driven(pixels, variant).share == 0.0
        assert pictures.driven_calmly(pixels, variant).share == 0.0
    assert "uint8" in pictures.driven(np.ones((64, 64), np.uint8), variant).reason
    assert "fv.to_uint8" in pictures.driven(np.full((64, 64, 3), 0.5), variant).reason
    assert "shape" in pictures.driven(np.zeros((65, 64, 3), np.uint8), variant).reason


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("shape", [(64, 64, 3), (1, 64, 64, 3)])
def test_a_picture_is_the_same_in_any_kind_of_number(kind, shape):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    image, wrong = pictures.pixels(picture.reshape(shape).astype(kind))
    assert wrong == "" and np.array_equal(image, pictures.pixels(picture.astype(np.uint8))[0])


@pytest.mark.parametrize("odd", [-1.0, 256.0, 0.5, np.nan, np.inf])
def test_what_is_no_whole_number_of_a_pixel_is_no_picture(odd):
    picture = np.full((64, 64, 3), 7.0)
    picture[0, 0, 0] = odd
    image, wrong = pictures.pixels(picture)
    assert image is None and "0 to 255" in wrong


def test_right_answers_in_float32_are_right_for_everybody():
    for number in range(40):  # s7 and s25 have a direction along which the slope is nearly 0
        there = given(Variant("regularisers", f"s{number}"))
        step, point, directions = np.float32(0.1), *(there[n].astype(np.float32) for n in ("point", "directions"))
        ahead, behind = (regularisers.fourth_powers(point + by * directions) for by in (step, -step))
        assert points("regularisers", "slopes", (ahead - behind) / (2 * step), f"s{number}") == (10.0, "right")


def test_what_is_added_to_a_deviation_is_right_where_it_is_small_and_named_where_not():
    there = given(Variant("dreams", "ada"))
    spread = there["gradients"].std(axis=(1, 2, 3), keepdims=True)
    marks = {
        added: points("dreams", "ascent_step",
                      np.clip(there["images"] + 0.1 * there["gradients"] / (spread + added), -1, 1))
        for added in (1e-8, 1e-6)
    }  # fmt: skip
    assert marks[1e-8] == (20.0, "right")
    assert marks[1e-6].points == 15.0 and "not small beside" in marks[1e-6].reason


@pytest.mark.slow
def test_the_bundled_keys_are_what_is_measured():
    measured = keys.compute()
    assert set(map(int, measured)) == set(keys.channels())
    for channel, found in measured.items():
        kept = keys.key_of(int(channel))
        assert np.allclose([found["reference"], found["floor"]], [kept.reference, kept.floor], rtol=0.05)
        assert next(iter(found["kinds"])) in list(kept.kinds)[:2]


def test_practice_is_nobodys():
    assert Variant("dreams", PRACTICE).seed != Variant("dreams", "ada").seed


def test_no_number_at_all_judges_no_suspect():
    for student in ("s0", "s1", "s2", "s3"):
        assert points("regularisers", "suspects", np.full(4, np.nan), student).points == 0.0
        assert "not a number" in points("regularisers", "suspects", np.full(4, np.nan), student).reason


@pytest.mark.parametrize("student", [f"student {number}" for number in range(12)])
def test_the_strongest_of_a_stream_are_in_an_order_and_no_guess(student):
    there = given(Variant("evaluation", student))["activations"]
    values = np.sort(there, axis=0)[::-1][:5].T
    assert points("evaluation", "top_values", values, student).points == 10.0
    assert points("evaluation", "top_values", values[:, ::-1], student).points == 5.0
    assert points("evaluation", "top_values", np.ones((6, 5)), student).points == 0.0
    assert points("evaluation", "top_images", evaluation.best(there, latest=True), student).points == 10.5


def test_a_climb_takes_a_tensor_too():
    photo = given(Variant("dreams", "ada"))["photo"]
    assert np.array_equal(climb(tf.constant(photo), 3), climb(photo, 3))

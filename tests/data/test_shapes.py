"""Shapes: the pictures keep what their answer key promises."""

import numpy as np
import pytest
from featviz_helpers.data.shapes import CLASS_KEY, CLASSES, draw, draw_labels
from hypothesis import given, settings
from hypothesis import strategies as st

ORIENTED = [name for name, entry in CLASS_KEY.items() if entry["orientation_deg"] is not None]
PERIODIC = [name for name, entry in CLASS_KEY.items() if entry["frequency_band_cpp"] is not None]
HUED = [name for name, entry in CLASS_KEY.items() if entry["hue_deg"] is not None]


def spectrum(images):
    """Power of the luminance of (N, S, S, 3) images over (f_row, f_col), windowed, without the mean."""
    grey = images.mean(axis=-1) - images.mean(axis=(1, 2, 3))[:, None, None]
    window = np.hanning(grey.shape[1])
    power = np.abs(np.fft.fft2(grey * np.outer(window, window), s=(256, 256))) ** 2  # padded: a finer grid
    frequency = np.fft.fftfreq(256)
    row, column = np.meshgrid(frequency, frequency, indexing="ij")
    power[:, np.hypot(row, column) < 0.04] = 0  # the slow illumination ramp is not the pattern
    return power, row, column


def peak(image):
    power, row, column = spectrum(image[None])
    at = np.unravel_index(power[0].argmax(), power[0].shape)
    return row[at], column[at]


def angle_between(a, b, period):
    """Smallest distance in degrees between two angles that repeat every `period` degrees."""
    return np.abs((a - b + period / 2) % period - period / 2)


@pytest.mark.parametrize("name", ORIENTED)
def test_spectral_energy_lies_across_the_lines(name):
    shapes = draw(12, seed=3, classes=[name])
    power, row, column = spectrum(shapes.images)
    across = np.degrees(np.arctan2(column, row))  # orientation of the lines that make each frequency
    share = [p[angle_between(across, CLASS_KEY[name]["orientation_deg"], 180) < 20].sum() / p.sum() for p in power]
    assert min(share) > 0.75
    for image, angle in zip(shapes.images, shapes.key["orientation_deg"], strict=True):
        f_row, f_col = peak(image)
        assert angle_between(np.degrees(np.arctan2(f_col, f_row)), angle, 180) < 3


def test_horizontal_stripes_vary_down_the_image_and_not_along_it():
    image = draw(1, seed=0, classes=["horizontal stripes"]).images[0]
    assert np.abs(np.diff(image, axis=0)).mean() > 2 * np.abs(np.diff(image, axis=1)).mean()


def test_rising_stripes_rise_to_the_right():
    image = draw(1, seed=0, classes=["rising stripes"]).images[0].mean(axis=-1)
    up_right = np.abs(image[3:, :-3] - image[:-3, 3:]).mean()  # a step along a rising line
    down_right = np.abs(image[:-3, :-3] - image[3:, 3:]).mean()  # a step across it
    assert down_right > 2 * up_right


@pytest.mark.parametrize("name", PERIODIC)
def test_frequency_column_is_the_spectral_peak(name):
    shapes = draw(12, seed=5, size=96, classes=[name])
    low, high = CLASS_KEY[name]["frequency_band_cpp"]
    assert shapes.key["frequency_cpp"].between(low, high).all()
    measured = np.array([np.hypot(*peak(image)) for image in shapes.images])
    assert np.abs(measured / shapes.key["frequency_cpp"] - 1).max() < 0.1


def mean_hue(images):
    """Colour vector of each image: its angle is the hue, its length the saturation."""
    red, green, blue = np.moveaxis(images, -1, 0).astype(float)
    return (red + green * np.exp(2j * np.pi / 3) + blue * np.exp(-2j * np.pi / 3)).mean(axis=(1, 2))


@pytest.mark.parametrize("name", HUED)
def test_the_only_colour_of_a_hue_class_is_its_hue(name):
    shapes = draw(12, seed=7, classes=[name])
    hue = np.degrees(np.angle(mean_hue(shapes.images)))
    assert angle_between(hue, CLASS_KEY[name]["hue_deg"], 360).max() < 20
    assert angle_between(hue, shapes.key["hue_deg"], 360).max() < 8


@pytest.mark.parametrize("name", ["star", "vertical stripes", "blobs"])
def test_other_classes_come_in_every_hue(name):
    vectors = mean_hue(draw(300, seed=7, size=32, classes=[name]).images)
    assert abs((vectors / abs(vectors)).mean()) < 0.25  # 0 is a uniform spread, 1 a single hue


def test_colour_and_brightness_do_not_tell_shapes_apart():
    names = ["triangle", "square", "star", "cross", "crescent"]
    means = np.array([draw(400, seed=1, size=32, classes=[name]).images.mean(axis=(0, 1, 2)) for name in names])
    assert np.ptp(means, axis=0).max() < 0.15  # four standard errors


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    short=st.integers(1, 40),
    more=st.integers(0, 70),
    size=st.sampled_from([32, 33, 64]),
    classes=st.none() | st.lists(st.sampled_from(CLASSES), min_size=1, max_size=5, unique=True),
)
def test_a_longer_draw_starts_with_the_shorter_one(seed, short, more, size, classes):
    a, b = draw(short, seed, size, classes), draw(short + more, seed, size, classes)
    assert np.array_equal(a.images, b.images[:short])
    assert np.array_equal(a.labels, b.labels[:short])
    assert a.key.equals(b.key[:short])


def test_every_class_once_in_each_round_and_seeds_differ():
    shapes = draw(3 * len(CLASSES), seed=1)
    for labels in shapes.labels.reshape(3, -1):
        assert sorted(labels) == list(range(len(CLASSES)))
    assert [CLASSES[label] for label in shapes.labels] == list(shapes.key["class"])
    assert not np.array_equal(shapes.images[:32], draw(32, seed=2).images)


def test_images_fill_the_promised_range_and_type():
    shapes = draw(2 * len(CLASSES), seed=9, size=48)
    assert shapes.images.shape == (64, 48, 48, 3)
    assert shapes.images.dtype == np.float32
    assert shapes.labels.dtype == np.int32
    assert shapes.images.min() >= -1
    assert shapes.images.max() <= 1
    assert shapes.images.std() > 0.3


def test_masks_lie_on_the_objects_and_change_no_pixel():
    shapes = draw(3 * len(CLASSES), seed=9, masks=True)
    assert np.array_equal(shapes.images, draw(3 * len(CLASSES), seed=9).images)
    assert draw(1, seed=9).masks is None
    objects = shapes.key["shape"].notna().to_numpy()
    area = shapes.masks.mean(axis=(1, 2))
    assert area[objects].min() > 0.05
    assert area[objects].max() < 0.6
    assert not area[~objects].any()
    colour = np.ptp(shapes.images, axis=-1)
    for name in HUED:  # vivid ink on grey paper, under noise
        for i in np.flatnonzero(shapes.key["class"] == name):
            inside = shapes.masks[i]
            assert np.quantile(colour[i][inside], 0.1) > np.quantile(colour[i][~inside], 0.8)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"no class 'horizontal stripe': did you mean .*horizontal stripes"):
        draw(4, seed=0, classes=["horizontal stripe"])
    with pytest.raises(ValueError, match="different class names"):
        draw(4, seed=0, classes=["star", "star"])
    with pytest.raises(ValueError, match="different class names"):
        draw(4, seed=0, classes="star")
    for wrong in ({"count": 0}, {"count": 2.0}, {"size": 31}, {"size": 513}, {"seed": -1}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be a whole number from"):
            draw(**{"count": 1, "seed": 0, **wrong})


def test_the_key_has_classes_that_differ_by_one_property_alone():
    assert len(CLASSES) >= 24
    assert len(set(CLASSES)) == len(CLASSES)

    def but(name, column):
        return {k: v for k, v in CLASS_KEY[name].items() if k != column}

    assert but("red disc", "hue_deg") == but("blue disc", "hue_deg")
    assert but("fine dots", "frequency_band_cpp") == but("coarse dots", "frequency_band_cpp")
    assert but("triangle", "shape") == but("square", "shape")
    assert but("horizontal stripes", "orientation_deg") == but("vertical stripes", "orientation_deg")


@pytest.mark.parametrize(("first", "size"), [(1, 33), (17, 64), (62, 64)])
def test_a_draw_may_begin_anywhere(first, size):
    whole, part = draw(80, seed=5, size=size), draw(7, seed=5, size=size, first=first)
    np.testing.assert_array_equal(part.images, whole.images[first : first + 7])
    np.testing.assert_array_equal(part.labels, whole.labels[first : first + 7])
    assert part.key.equals(whole.key[first : first + 7].reset_index(drop=True))
    np.testing.assert_array_equal(draw_labels(7, seed=5, first=first), part.labels)

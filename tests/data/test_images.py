"""Images in and out."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.common.files import NO_ROOM
from featviz_helpers.data.image_sets import ImageSet
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.full_disk import full_disk
from support.networks import pictures, shapesnet


@given(st.integers(0, 255))
def test_uint8_survives_the_way_in_and_out(value):
    pixels = np.full((2, 2, 3), value, np.uint8)
    inside = fv.from_uint8(pixels)
    assert inside.dtype == np.float32 and abs(inside).max() <= 1
    np.testing.assert_array_equal(fv.to_uint8(inside), pixels)


def test_save_and_load(tmp_path):
    picture = fv.photograph("china", 64)
    back = fv.load_image(fv.save_image(picture, tmp_path / "picture.png"))
    assert np.abs(back - picture).max() <= 1 / 127.5


class Vast(ImageSet):
    """A hundred images that can be asked for at any size."""

    policy = "squash"
    names = labels = tuple(map(str, range(100)))

    def _identity(self):
        return "vast"

    def pixels(self, index, size):
        raise AssertionError("read before the refusal")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: fv.noise(16_384, range(1000), range(1000)), "The number of seeds must be from 1 to 4; got 1000"),
        (lambda: fv.resize(np.zeros((5, 2, 2, 3), np.float32), 16_384), "The number of images must be from 1 to 4"),
        (lambda: next(Vast().batches(64, 16_384)), "batch must be from 1 to 4; got 64"),
        (
            lambda: fv.maximize(shapesnet(), fv.channel("mixed0", range(5)), size=16_384, progress=False),
            "The number of images must be from 1 to 4; got 5",
        ),
        (lambda: fv.find_exemplars(shapesnet(), Vast(), "mixed0", size=16_384, batch=64), "batch must be from 1 to 4"),
    ],
)
def test_pictures_that_fit_one_by_one_and_not_together_are_refused_at_once(ask, says):
    with pytest.raises(ValueError, match=f"{says}.* Of 16384 x 16384 pixels, no more fit into memory at once"):
        ask()


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_a_picture_is_whole_or_its_full_disk_is_told(tmp_path, ending):
    """Pillow leaves half a JPEG, and says nothing: it does not look at how much was written."""
    path = fv.save_image(pictures(1, 64)[0], tmp_path / f"picture{ending}")
    before = path.read_bytes()
    with full_disk(len(before) // 2), pytest.raises(OSError, match=f"picture{ending}") as caught:
        fv.save_image(pictures(1, 64, seed=1)[0], path)
    assert caught.value.errno in NO_ROOM
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.full((8, 8, 3), np.nan), r"NaN \(a dead start\?\)"),
        (np.full((8, 8, 3), np.inf), "values from inf to inf"),
        (np.full((8, 8, 3), 1.5), "values from 1.5 to 1.5"),
        (np.full((8, 8, 3), 200, np.uint8), "from_uint8"),
        (np.zeros((2, 8, 8, 3)), r"one picture \(H, W, 3\); got an array of shape \(2, 8, 8, 3\)"),
        (np.zeros((8, 8)), r"of shape \(8, 8\)"),
    ],
)
def test_what_is_not_a_picture_is_not_saved(tmp_path, image, says):
    with pytest.raises(ValueError, match=says):
        fv.save_image(image, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["psd", "xbm", "h5", "ico", "icns", "txt"])
def test_an_ending_whose_format_cannot_hold_the_picture_is_refused(tmp_path, ending):
    with pytest.raises(ValueError, match=rf"The ending of '.*a\.{ending}'.*\.png"):
        fv.save_image(pictures(1, 300)[0], tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sides", [(80, 50), (50, 80), (33, 33)])
def test_the_centre_square_keeps_its_proportions(tmp_path, sides):
    """A circle in the middle stays one, whatever the shape of the file."""
    height, width = sides
    rows, columns = np.mgrid[:height, :width]
    disc = np.hypot(rows - height / 2 + 0.5, columns - width / 2 + 0.5) < 10
    Image.fromarray((disc * 255).astype(np.uint8)).save(tmp_path / "disc.png")
    loaded = fv.load_image(tmp_path / "disc.png", size=40)
    assert loaded.shape == (40, 40, 3)
    inside = loaded[..., 0] > 0
    assert abs(np.ptp(np.flatnonzero(inside.any(0))) - np.ptp(np.flatnonzero(inside.any(1)))) <= 1


def test_a_missing_and_a_broken_file_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.png'.*'china'"):
        fv.photograph(tmp_path / "gone.png")
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    with pytest.raises(ValueError, match=r"torn\.jpg' cannot be read as an image"):
        fv.load_image(tmp_path / "torn.jpg")


def test_shrinking_smooths_and_keeps_the_mean():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 2.0 - 1
    images = np.repeat(checks[None, ..., None], 3, axis=3).astype(np.float32)
    small = fv.resize(images, 16)
    assert small.shape == (1, 16, 16, 3) and np.abs(small).max() < 0.1


def test_noise_and_grey():
    noise = fv.noise(16, seeds=[0, 0, 1], keys=[1, 2, 1], strength=0.2)
    assert noise.shape == (3, 16, 16, 3) and noise.dtype == np.float32 and 0.19 < np.abs(noise).max() <= 0.2
    assert len({picture.tobytes() for picture in noise}) == 3
    assert not fv.grey((8, 9), 2).any() and fv.grey((8, 9), 2).shape == (2, 8, 9, 3)
    with pytest.raises(ValueError, match=r"above 0 and at most 1; got 2"):
        fv.noise(16, [0], [0], strength=2)


def test_two_sides_are_refused_where_one_is_asked_for(tmp_path):
    """The first would be taken for both."""
    path = fv.save_image(pictures(1, 8)[0], tmp_path / "a.png")
    for read in (
        lambda size: fv.load_image(path, size),
        lambda size: fv.photograph("china", size),
        lambda size: fv.open_images(tmp_path).load(0, size),
        lambda size: next(iter(fv.open_images("shapes", count=1).batches(1, size)))[1][0],
    ):
        assert read((12, 12)).shape == (12, 12, 3)
        with pytest.raises(ValueError, match=r"Images are read as squares, .* got \(10, 20\)"):
            read((10, 20))


@pytest.mark.parametrize("size", [0, -1, 16.7, True, "16", None, (16,) * 3, 10**6, (16, 10**9)])
def test_a_size_that_cannot_be_is_refused_before_any_memory_is_taken(size):
    with pytest.raises(ValueError, match="image size"):
        fv.grey(size)


def test_whole_numbers_are_no_images_in_minus_one_to_one():
    """uint8 in place of [-1, 1] gave an answer: 200 times too large, or grey."""
    pixels = np.zeros((1, 64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="to_uint8 takes an array of floats"):
        fv.to_uint8(pixels)
    with pytest.raises(ValueError, match="from_uint8 takes an array of uint8"):
        fv.from_uint8(pixels.astype(np.float32))


def test_every_photograph_of_the_dependencies_has_a_name():
    assert fv.photograph("gravel").shape == (512, 512, 3)
    assert fv.photograph("cat", 64).shape == (64, 64, 3)

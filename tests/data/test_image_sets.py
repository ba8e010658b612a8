"""Data sets: their order, their squares, and what becomes of files that are no images."""

import io
import os
import threading
import time
import warnings

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.common.errors import DamagedImage, DamagedImageWarning
from featviz_helpers.data import shapes
from featviz_helpers.data.sizes import most_at_once
from PIL import Image
from support.image_files import bomb


def write(path, colour=(200, 30, 60), size=(40, 30), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def all_of(data, batch=4, size=16, start=0):
    index, images = zip(*data.batches(batch, size, start), strict=True)
    return np.concatenate(index), np.concatenate(images)


def test_folders_named_by_numbers_are_in_numeric_order(tmp_path):
    for name in ("10/a.png", "2/b10.png", "2/b9.png", "1/deep/x.png", "0/z.JPEG", "top.png"):
        write(tmp_path / name)
    data = fv.ImageFolder(tmp_path)
    assert data.names == ["0/z.JPEG", "1/deep/x.png", "2/b9.png", "2/b10.png", "10/a.png", "top.png"]
    assert data.labels == ["0", "1", "2", "2", "10", None]
    assert [data.index(name) for name in data.names] == list(range(6))
    with pytest.raises(ValueError, match=r"no image '2/b11.png'.*did you mean 2/b10.png"):
        data.index("2/b11.png")


def test_other_files_hidden_files_and_circular_links_are_left_out(tmp_path):
    write(tmp_path / "a" / "1.png")
    write(tmp_path / ".cache" / "2.png")
    write(tmp_path / "a" / "._1.png", format="PNG")
    (tmp_path / "classes.csv").write_text("index,name\n")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert fv.ImageFolder(tmp_path).names == ["a/1.png"]


def test_the_fingerprint_knows_names_and_contents_and_not_the_place(tmp_path):
    for root in ("one", "two"):
        write(tmp_path / root / "a.png", (200, 100, 50))
        write(tmp_path / root / "b.png", (50, 100, 200))
    one, two = (fv.ImageFolder(tmp_path / root).fingerprint for root in ("one", "two"))
    assert one == two
    (tmp_path / "two" / "b.png").rename(tmp_path / "two" / "c.png")
    assert fv.ImageFolder(tmp_path / "two").fingerprint != one
    swapped = tmp_path / "swapped"  # the same names and lengths
    swapped.mkdir()
    for name, other in (("a.png", "b.png"), ("b.png", "a.png")):
        (swapped / name).write_bytes((tmp_path / "one" / other).read_bytes())
    assert (swapped / "a.png").stat().st_size == (swapped / "b.png").stat().st_size
    assert fv.ImageFolder(swapped).fingerprint != one
    assert fv.ImageFolder(swapped).first(1).fingerprint != fv.ImageFolder(tmp_path / "one").first(1).fingerprint


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda p: p / "nowhere", FileNotFoundError, "There is no folder"),
        (lambda p: write(p / "a.png"), ValueError, "is a file; give the folder"),
        (lambda p: p, ValueError, r"no images in .*\.jpeg"),
    ],
)
def test_what_is_no_folder_of_images_is_refused(tmp_path, make, error, says):
    with pytest.raises(error, match=says):
        fv.ImageFolder(make(tmp_path))


def test_a_name_that_is_no_text_is_refused(tmp_path):
    write(tmp_path / "a.png")
    (tmp_path / "a.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    with pytest.raises(ValueError, match=r"names of 1 images .* are not UTF-8"):
        fv.ImageFolder(tmp_path)


def test_an_unknown_policy_is_refused(tmp_path):
    with pytest.raises(ValueError, match="policy must be one of 'squash', 'crop'; got 'stretch'"):
        fv.ImageFolder(tmp_path, policy="stretch")


def test_squash_keeps_everything_and_crop_keeps_the_centre(tmp_path):
    pixels = np.zeros((30, 90, 3), np.uint8)
    pixels[:, 30:60] = 255  # the middle third is the centre square
    Image.fromarray(pixels).save(tmp_path / "a.png")
    squashed, cropped = (fv.ImageFolder(tmp_path, policy).load(0, 30) for policy in ("squash", "crop"))
    assert squashed.shape == cropped.shape == (30, 30, 3) and squashed.dtype == np.float32
    assert (cropped == 1.0).all()
    assert (squashed[:, 12:18] == 1.0).all() and (squashed[:, :8] == -1.0).all() and (squashed[:, 22:] == -1.0).all()


def test_what_is_read_is_pillow_s_own_bilinear_resize(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    expected = Image.fromarray(noise).resize((32, 32), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(fv.ImageFolder(tmp_path).load(0, 32), fv.from_uint8(np.asarray(expected)))


def test_a_large_jpeg_decoded_at_a_fraction_is_nearly_the_whole_one(tmp_path):
    photo = Image.fromarray(fv.to_uint8(fv.photograph("china"))).resize((1920, 1281))
    photo.save(tmp_path / "a.jpg", quality=95)
    whole = np.asarray(Image.open(tmp_path / "a.jpg").resize((128, 128), Image.Resampling.BILINEAR))
    assert np.abs(fv.ImageFolder(tmp_path).load(0, 128) - fv.from_uint8(whole)).mean() < 0.01


DAMAGED = ["0.jpg", "3.jpg", "4.jpg", "7.png"]


@pytest.fixture
def damaged(tmp_path):
    for name in ("1.jpg", "2.jpg", "5.jpg", "6.jpg", "8.jpg"):
        write(tmp_path / name, (int(name[0]) * 20,) * 3)
    whole = io.BytesIO()
    Image.fromarray(fv.to_uint8(fv.photograph("china", 96))).save(whole, "JPEG")
    (tmp_path / "0.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (tmp_path / "3.jpg").write_text("this is no picture")
    (tmp_path / "4.jpg").write_bytes(b"")
    bomb(tmp_path / "7.png")
    return tmp_path


def test_damaged_images_are_skipped_counted_and_named(damaged):
    data = fv.ImageFolder(damaged)
    with pytest.warns(DamagedImageWarning, match="4 of 9 images could not be read") as caught:
        index, images = all_of(data, batch=2)
    assert index.tolist() == [1, 2, 5, 6, 8]
    assert [image[0, 0, 0] // 20 for image in images + 9] == index.tolist()  # the pictures stay with their names
    assert sorted(data.damaged) == DAMAGED
    assert all(name in str(caught[0].message) for name in DAMAGED)
    assert "truncated" in data.damaged["0.jpg"] and "pixels" in data.damaged["7.png"]
    assert str(damaged) not in data.damaged["3.jpg"]
    with pytest.raises(DamagedImage, match=r"'3.jpg' cannot be read as an image"):
        data.load(3, 16)


def test_a_batch_depends_on_its_start_alone(damaged):
    data = fv.ImageFolder(damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedImageWarning)
        whole = [index.tolist() for index, _ in data.batches(2, 16)]
        rest = [index.tolist() for index, _ in data.batches(2, 16, start=3)]
    assert whole == [[1, 2], [5, 6], [8]] and rest == whole[1:]


def test_a_repaired_image_is_no_longer_damaged(damaged):
    data = fv.ImageFolder(damaged)
    with pytest.warns(DamagedImageWarning):
        all_of(data)
    for name in DAMAGED:
        write(damaged / name)
    index, _ = all_of(data)
    assert len(index) == 9 and data.damaged == {}


def test_a_file_that_vanishes_is_no_damaged_image(tmp_path):
    for i in range(6):
        write(tmp_path / f"{i}.png")
    data = fv.ImageFolder(tmp_path)
    (tmp_path / "4.png").unlink()
    with pytest.raises(FileNotFoundError):
        all_of(data)


def test_two_batches_are_decoded_ahead_and_no_more(tmp_path, monkeypatch):
    for i in range(40):
        write(tmp_path / f"{i}.png")
    data, seen, decode = fv.ImageFolder(tmp_path), [], fv.ImageFolder.pixels
    monkeypatch.setattr(fv.ImageFolder, "pixels", lambda self, i, size: (seen.append(i), decode(self, i, size))[1])
    before = set(threading.enumerate())  # other tests of this process may have left some
    reader = data.batches(3, 16)
    next(reader)
    patience = time.monotonic() + 20
    while len(seen) < 3 + 3 and time.monotonic() < patience:
        time.sleep(0.01)  # nobody asks for the next batch, and yet it is read
    assert 3 + 3 <= len(seen) <= 3 + 2 * 3
    reader.close()
    left = [thread.name for thread in set(threading.enumerate()) - before if "ThreadPoolExecutor" in thread.name]
    assert left == [] and len(seen) < 12


def test_shapes_are_those_of_draw(tmp_path):
    data, drawn = fv.ShapesImages(70, seed=3), shapes.draw(70, 3)
    index, images = all_of(data, batch=9, size=64)
    np.testing.assert_array_equal(images, drawn.images)
    np.testing.assert_array_equal(index, np.arange(70))
    np.testing.assert_array_equal(data.load(np.int64(41), 64), drawn.images[41])  # a position that numpy found
    assert data.sources == data.names
    assert data.labels == list(drawn.key["class"]) and data.names[41] == "shapes/000041"
    _, rest = all_of(data, batch=9, size=64, start=13)
    np.testing.assert_array_equal(rest, drawn.images[13:])
    assert data.load(0, 32).shape == (32, 32, 3)
    assert data.fingerprint != fv.ShapesImages(70, seed=4).fingerprint
    with pytest.raises(ValueError, match="count must be a whole number"):
        fv.ShapesImages(0)
    with pytest.raises(ValueError, match="position of an image must be a whole number from 0 to 69; got 70"):
        data.load(70, 64)


def test_the_first_images_are_a_data_set_of_their_own(tmp_path):
    for number in range(5):
        write(tmp_path / f"{number % 2}/{number}.png", colour=(50 * number, 0, 0))
    for data in (fv.ImageFolder(tmp_path), fv.ShapesImages(5, seed=3, size=32)):
        data.index(data.names[-1])
        part = data.first(3)
        part.damaged["x"] = "broken"
        assert not data.damaged
        part = data.first(3)
        assert (part.names, part.labels, part.damaged) == (data.names[:3], data.labels[:3], {})
        assert part.fingerprint not in (data.fingerprint, data.first(2).fingerprint)
        np.testing.assert_array_equal(all_of(part, size=32)[1], all_of(data, size=32)[1][:3])
        with pytest.raises(ValueError, match="no image"):
            part.index(data.names[-1])
        assert len(data) == 5
        for count in (0, 6):
            with pytest.raises(ValueError, match=f"first images must be a whole number from 1 to 5; got {count}"):
                data.first(count)


@pytest.mark.parametrize("batch", [0, -1, 1.5, True, 10**9])
def test_a_batch_that_cannot_be_is_refused(batch):
    """0 meant everything in one batch, and 10^9 walked on for hours after the last image."""
    with pytest.raises(ValueError, match="batch must be a whole number"):
        next(fv.ShapesImages(32).batches(batch, 64))


def test_large_shapes_are_drawn_no_more_at_once_than_fit(monkeypatch):
    asked = []

    def draw(self, first, count, size):
        asked.append(count)
        return np.zeros((count, 1, 1, 3), np.float32)

    monkeypatch.setattr(fv.ShapesImages, "_draw", draw)
    next(iter(fv.ShapesImages(10_000, size=512).batches(4096, 64)))
    assert asked[0] == most_at_once(512, 512) < 10_000

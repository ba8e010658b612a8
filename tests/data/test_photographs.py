"""Crops of the photographs that ship with the dependencies: the same everywhere, with authors and licences."""

import shutil
import warnings
from collections import Counter

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.common.errors import DamagedImageWarning
from featviz_helpers.data import photographs
from featviz_helpers.data.photographs import PHOTOGRAPHS, SIDES, PhotographCrops
from PIL import Image


@pytest.fixture(scope="module")
def crops():
    return fv.open_images("photographs")


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Packages that can be damaged: folders with copies of the photographs."""
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "__init__.py").touch()
    for photo in PHOTOGRAPHS:
        shutil.copy(photo.path, tmp_path / "copies")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(photographs, "FOLDERS", dict.fromkeys(photographs.FOLDERS, "copies/"))
    return tmp_path / "copies"


@pytest.mark.parametrize("photo", PHOTOGRAPHS, ids=lambda photo: photo.name)
def test_every_photograph_is_the_one_that_the_table_describes(photo):
    assert photo.flaw == ""
    with Image.open(photo.path) as file:
        assert file.size == (photo.width, photo.height)
    assert photo.author and any(word in photo.licence for word in ("CC", "public domain", "BSD", "no known copyright"))


def test_there_are_about_a_thousand_of_all_photographs(crops):
    assert 900 <= len(crops) <= 1100
    counts = Counter(crops.labels)
    assert set(counts) == {photo.name for photo in PHOTOGRAPHS} and min(counts.values()) >= 30
    assert len(set(crops.names)) == len(crops)
    assert crops.labels[crops.index("photographs/china-017")] == "china"
    assert crops.sources[crops.index("photographs/china-017")] == "china"
    assert "small world" in repr(crops)


def test_the_crops_are_the_same_on_every_machine(crops):
    assert crops.fingerprint == "photographs-50bba228149c905015f2c6a2377548b6"
    again = PhotographCrops()
    assert (again.fingerprint, again.names) == (crops.fingerprint, crops.names)
    np.testing.assert_array_equal(again.load(500, 64), crops.load(500, 64))


def test_squares_lie_inside_and_come_in_all_sizes():
    for photo in PHOTOGRAPHS:
        boxes = photographs.squares(photo)
        sides = {right - left for left, _, right, _ in boxes}
        assert len(sides) >= len(SIDES) - 1 and max(sides) == min(photo.height, photo.width)
        for left, top, right, bottom in boxes:
            assert right - left == bottom - top >= photographs.LEAST
            assert left >= 0 and top >= 0 and right <= photo.width and bottom <= photo.height


def test_no_two_crops_are_equal(crops):
    images = np.concatenate([images for _, images in crops.batches(64, 32)])
    assert images.dtype == np.uint8 and images.shape == (len(crops), 32, 32, 3)
    assert len({image.tobytes() for image in images}) == len(crops)


@pytest.mark.parametrize("size", [17, 224])
def test_a_crop_is_pillow_s_own_of_its_square(crops, size):
    names = {photo.name: photo for photo in PHOTOGRAPHS}
    for name, number in (("china", 17), ("camera", 0)):  # in colour and in grey
        with Image.open(names[name].path) as file:
            picture = file.convert("RGB").crop(photographs.squares(names[name])[number])
        expected = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR), np.float32) / 127.5 - 1
        image = crops.load(crops.index(f"photographs/{name}-{number:03d}"), size)
        assert image.shape == (size, size, 3) and image.dtype == np.float32
        assert np.abs(image - expected).mean() < 0.01


def test_the_first_images_are_the_largest_squares_of_all(crops):
    few = crops.first(2 * len(PHOTOGRAPHS))
    assert set(Counter(few.labels).values()) == {2}
    assert few.names[: len(PHOTOGRAPHS)] == [f"photographs/{photo.name}-000" for photo in PHOTOGRAPHS]


def test_what_is_missing_or_another_picture_is_left_out_and_named(crops, copies):
    (copies / "moon.png").unlink()
    (copies / "china.jpg").write_bytes((copies / "flower.jpg").read_bytes())
    says = r"2 of 17 photographs .* out: china\.jpg of scikit-learn is another version; moon\.png of .* is not there"
    with pytest.warns(DamagedImageWarning, match=says):
        rest = PhotographCrops()
    assert rest.fingerprint != crops.fingerprint
    assert rest.names == [name for name in crops.names if "moon" not in name and "china" not in name]
    name = rest.names[-1]
    np.testing.assert_array_equal(rest.load(rest.index(name), 32), crops.load(crops.index(name), 32))


def test_without_any_photograph_it_is_refused(monkeypatch):
    monkeypatch.setattr(photographs, "FOLDERS", dict.fromkeys(photographs.FOLDERS, "no_such_package/data"))
    with pytest.raises(FileNotFoundError, match=r"None of the photographs is there: .*any folder of images will do"):
        fv.open_images("photographs")


def test_whole_copies_elsewhere_are_as_good(crops, copies):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PhotographCrops().fingerprint == crops.fingerprint


def test_a_folder_of_that_name_is_named_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    Image.new("RGB", (40, 40)).save("photographs/own.png")
    assert fv.open_images("./photographs").names == ["own.png"]


@pytest.mark.slow
def test_a_real_network_finds_the_photograph_of_each_class(crops):
    lite0 = fv.load_model("lite0")
    found = fv.find_exemplars(lite0, crops.first(6 * len(PHOTOGRAPHS)), "logits", k=5, progress=False)
    classes = {
        "espresso": "coffee",
        "tabby": "cat",
        "motor scooter": "motorcycle",
        "missile": "rocket",
        "palace": "china",
        "stone wall": "gravel",
        "tripod": "camera",
    }
    best = {name: found.top("predictions", lite0.classes.index(name)) for name in classes}
    assert {name: {label.split("/")[1][:-4] for label in top} for name, top in best.items()} == {
        name: {photo} for name, photo in classes.items()
    }

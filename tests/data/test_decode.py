"""Every image file is read in one way, whoever asks."""

import struct

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.common.errors import DamagedImage
from PIL import Image
from support.image_files import bomb, png

GREY = (128, 128, 128)  # what shows through
CLEAR = (0x1234, 0x5678, 0x9ABC)  # a colour of 16 bits


def picture(mode, colour, ending="png", palette=None, **options):
    def write(folder):
        image = Image.new(mode, (20, 20), colour)
        if palette:
            image.putpalette(palette)
        image.save(folder / f"a.{ending}", **options)

    return write


def shallow(depth, tones, clear):
    """A grey PNG of fewer than 8 bits: `tones` is the byte that its rows repeat."""
    return lambda folder: png(
        folder / "a.png", 0, bytes([tones]) * (20 * depth // 8), depth=depth, transparency=struct.pack(">H", clear)
    )


def deep(colour_type, *words, transparency=b""):
    return lambda folder: png(
        folder / "a.png", colour_type, struct.pack(f">{len(words)}H", *words) * 20, transparency=transparency
    )


FILES = {
    "grey": (picture("L", 51), (51,) * 3),
    "1 bit": (picture("1", 1), (255,) * 3),
    "palette": (picture("P", 0, palette=[10, 20, 30]), (10, 20, 30)),
    "opaque grey": (picture("LA", (51, 255)), (51,) * 3),
    "clear grey": (picture("LA", (51, 0)), GREY),
    "opaque": (picture("RGBA", (255, 0, 0, 255)), (255, 0, 0)),
    "half-transparent": (picture("RGBA", (255, 0, 0, 128)), (192, 64, 64)),
    "clear": (picture("RGBA", (255, 0, 0, 0)), GREY),
    "clear palette": (picture("P", 0, palette=[10, 20, 30], transparency=0), GREY),
    "clear colour": (picture("RGB", (10, 20, 30), transparency=(10, 20, 30)), GREY),
    "CMYK": (picture("CMYK", (0, 255, 255, 0), "jpg", quality=100), (254, 0, 0)),
    "16-bit grey": (deep(0, 200 * 257), (200,) * 3),
    "16-bit white": (deep(0, 65535), (255,) * 3),
    "16-bit clear grey": (deep(0, 51400, transparency=struct.pack(">H", 51400)), GREY),
    "16-bit grey with alpha": (deep(4, 200 * 257, 0), GREY),
    "16-bit colour": (deep(2, 200 * 257, 3 * 257, 117 * 257), (200, 3, 117)),
    "16-bit clear colour": (deep(2, *CLEAR, transparency=struct.pack(">3H", *CLEAR)), GREY),
    "16-bit colour beside a clear one": (
        deep(2, 0x1200, 0, 0, transparency=struct.pack(">3H", 0x3412, 0, 0)), (18, 0, 0)
    ),
    "4-bit clear grey": (shallow(4, 0xFF, clear=15), GREY),
    "4-bit grey beside a clear one": (shallow(4, 0x33, clear=15), (51,) * 3),
    "2-bit clear grey": (shallow(2, 0b10101010, clear=2), GREY),
    "16-bit TIFF": (
        lambda folder: Image.fromarray(np.full((20, 20), 200 * 257, np.uint16)).save(folder / "a.tif"), (200,) * 3
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_mode_is_read_alike_by_every_door(tmp_path, name):
    write, expected = FILES[name]
    write(tmp_path)
    (path,) = tmp_path.iterdir()
    whole = fv.load_image(path)
    assert whole.shape == (20, 20, 3) and whole.dtype == np.float32
    assert np.abs(fv.to_uint8(whole)[8, 8].astype(int) - expected).max() <= 1
    square = fv.open_images(tmp_path, "crop").load(0, 16)
    np.testing.assert_array_equal(fv.load_image(path, 16), square)
    np.testing.assert_array_equal(fv.photograph(path, 16), square)
    np.testing.assert_array_equal(fv.ImageFolder(tmp_path).load(0, 20), whole)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_camera_s_orientation_is_applied(tmp_path, orientation, ending):
    """A picture stored turned, with the note how to turn it back, is the picture."""
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24, 0], upright[:16, 24:, 1], upright[16:, :24, 2] = 255, 255, 255
    stored = Image.fromarray(upright)
    operation = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    stored = stored if operation is None else stored.transpose(Image.Transpose(operation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{ending}", exif=exif, **({"quality": 95, "subsampling": 0} if ending == "jpg" else {}))
    loaded = fv.load_image(tmp_path / f"a.{ending}")
    np.testing.assert_allclose(loaded, fv.from_uint8(upright), atol=0.05 if ending == "jpg" else 0)
    for policy in ("squash", "crop"):
        square = fv.ImageFolder(tmp_path, policy).load(0, 32)
        assert (square[8, 8].argmax(), square[8, 24].argmax(), square[24, 8].argmax()) == (0, 1, 2)
    np.testing.assert_array_equal(fv.load_image(tmp_path / f"a.{ending}", 32), square)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: bomb(path), r"900000000 pixels\) exceeds limit of 178956970 pixels"),
        (lambda path: path.write_text("no picture"), "cannot identify"),
        (lambda path: path.write_bytes(b""), "cannot identify"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff torn"), ""),
        (lambda path: Image.new("F", (4, 4)).save(path, "TIFF"), "floating-point numbers of unknown range"),
        (lambda path: Image.new("I", (4, 4), 70_000).save(path, "TIFF"), "from 70000 to 70000; save it with 8 or 16"),
    ],
)
def test_what_is_not_a_picture_is_refused_in_one_sentence_that_names_it(tmp_path, write, says):
    write(tmp_path / "odd.png")
    data = fv.ImageFolder(tmp_path)
    for read in (lambda: fv.load_image(tmp_path / "odd.png"), lambda: data.load(0, 16)):
        with pytest.raises(DamagedImage, match=rf"odd\.png' cannot be read as an image: .*{says}"):
            read()


@pytest.mark.parametrize("trouble", [MemoryError(), OSError(24, "Too many open files"), PermissionError(13, "denied")])
def test_trouble_of_the_machine_is_no_damage_of_the_file(tmp_path, monkeypatch, trouble):
    """With no file descriptors left, 40 of 40 photographs were left out of a finished answer."""
    fv.save_image(np.zeros((8, 8, 3), np.float32), tmp_path / "whole.png")
    data = fv.ImageFolder(tmp_path)

    def fail(*_):
        raise trouble

    monkeypatch.setattr("featviz_helpers.data.decode.Image.open", fail)
    with pytest.raises(type(trouble)):
        list(data.batches(4, 8))
    assert data.damaged == {}

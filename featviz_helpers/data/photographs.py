"""Photographs without a network: crops of the few that ship with the course's dependencies.

What is no photograph stays out: checkerboards, drawings, logos, scanned text, a phantom, a hologram. So do a clock that
motion has blurred beyond recognition, the second picture of the stereo pair, and pictures too small for crops. Tissue
under a microscope and the back of an eye are in: they are pictures of the world.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from ..common.errors import DamagedImageWarning
from ..common.files import cached_checksum
from ..common.random_streams import image_key, start_uniform
from .decode import REDUCING_GAP, decode
from .image_sets import ImageSet

FOLDERS = {
    "matplotlib": "matplotlib/mpl-data/sample_data",
    "scikit-image": "skimage/data",
    "scikit-learn": "sklearn/datasets/images",
}
SIDES = (100, 80, 60, 45, 33, 25)  # per cent of a photograph's shorter side
LEAST = 80  # pixels; a smaller crop would be a blur at the size that networks take
SEED = 0


@dataclass(frozen=True)
class Photograph:
    """One photograph, and where it comes from.

    Args:
        name: that of its crops.
        package: the distribution that ships it.
        file: its name there.
        height, width: in pixels.
        author: whom the package names.
        licence: as the package states it.
        sha256: of the file; a file of that name with other bytes is another picture, perhaps under another licence.
    """

    name: str
    package: str
    file: str
    height: int
    width: int
    author: str
    licence: str
    sha256: str

    @property
    def path(self) -> Path | None:
        """Where the file is, or would be; None without the package, which is found and not imported."""
        module, _, folder = FOLDERS[self.package].partition("/")
        spec = find_spec(module)
        places = spec.submodule_search_locations if spec else None
        return Path(next(iter(places))) / folder / self.file if places else None

    @property
    def flaw(self) -> str:
        """What is wrong with the file on this machine; "" when nothing is."""
        if self.path is None or not self.path.is_file():
            return "is not there"
        return "" if cached_checksum(self.path) == self.sha256 else "is another version"


_BSD = "BSD-3-Clause, as scikit-image itself: it states no licence for the picture"
_UNRESTRICTED = "no known copyright restrictions"
# Authors and licences: the README beside scikit-learn's files, the docstrings of skimage.data, and matplotlib's pull
# request 1599, which brought the portrait.
PHOTOGRAPHS = (
    Photograph("astronaut", "scikit-image", "astronaut.png", 512, 512, "NASA", "public domain",
               "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
    Photograph("brick", "scikit-image", "brick.png", 512, 512, "CC0Textures", "CC0",
               "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"),
    Photograph("camera", "scikit-image", "camera.png", 512, 512, "Lav Varshney", "CC0",
               "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"),
    Photograph("cat", "scikit-image", "chelsea.png", 300, 451, "Stefan van der Walt", "CC0",
               "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
    Photograph("china", "scikit-learn", "china.jpg", 427, 640, "danielbuechele", "CC BY 2.0",
               "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29"),
    Photograph("coffee", "scikit-image", "coffee.png", 400, 600, "Rachel Michetti", "CC0",
               "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
    Photograph("coins", "scikit-image", "coins.png", 303, 384, "Brooklyn Museum", _UNRESTRICTED,
               "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba"),
    Photograph("flower", "scikit-learn", "flower.jpg", 427, 640, "vultilion", "CC BY 2.0",
               "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638"),
    Photograph("grass", "scikit-image", "grass.png", 512, 512, "linolafett", "CC0",
               "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89"),
    Photograph("gravel", "scikit-image", "gravel.png", 512, 512, "CC0Textures", "CC0",
               "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"),
    Photograph("hopper", "matplotlib", "grace_hopper.jpg", 600, 512, "US Navy", "public domain",
               "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130"),
    Photograph("hubble", "scikit-image", "hubble_deep_field.jpg", 872, 1000, "NASA", "public domain",
               "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4"),
    Photograph("moon", "scikit-image", "moon.png", 512, 512, "not named", _BSD,
               "78739619d11f7eb9c165bb5d2efd4772cee557812ec847532dbb1d92ef71f577"),
    Photograph("motorcycle", "scikit-image", "motorcycle_left.png", 500, 741, "Middlebury College (Nesic et al.)", _BSD,
               "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"),
    Photograph("retina", "scikit-image", "retina.jpg", 1411, 1411, "Mikael Häggström", "CC0",
               "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6"),
    Photograph("rocket", "scikit-image", "rocket.jpg", 427, 640, "SpaceX", "public domain",
               "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
    Photograph("tissue", "scikit-image", "ihc.png", 512, 512, "Center for Microscopy and Molecular Imaging",
               _UNRESTRICTED, "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef"),
)  # fmt: skip


class PhotographCrops(ImageSet):
    """About a thousand squares of the photographs that ship with the dependencies, of six sizes, the same everywhere.

    It is a small world: seventeen photographs, some of them plain texture. A top-9 sheet shows what drives a channel
    most among these few things, often nine parts of two or three photographs, and says nothing about all that is not in
    them. ImageNet-v2, or any folder of images, replaces it.

    The crops are named after their photograph, photographs/china-017, and ordered by that number, so that the first
    images are the largest squares of all of them. Labels are the names of the photographs.

    Raises:
        FileNotFoundError: not one of the photographs is there.

    Warns:
        DamagedImageWarning: photographs that are missing, or are other versions than those of PHOTOGRAPHS, were left
            out; the crops of the others stay what they are, and the fingerprint is another one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.policy = "cut out"
        self._pictures: dict[str, Image.Image] = {}
        crops = [(i, photo, box) for photo in _whole() for i, box in enumerate(squares(photo))]
        crops.sort(key=lambda crop: crop[0])  # stable: photographs stay in their order
        self._crops = [(photo, box) for _, photo, box in crops]
        self.names = [f"photographs/{photo.name}-{i:03d}" for i, photo, _ in crops]
        self.labels = [photo.name for _, photo, _ in crops]

    def _identity(self) -> str:
        listing = "\n".join(f"{photo.sha256}\t{box}" for photo, box in self._crops[: len(self)])
        return f"photographs-{hashlib.blake2b(listing.encode(), digest_size=16).hexdigest()}"

    def __repr__(self) -> str:
        return f"{len(self)} crops of {len(set(self.labels))} photographs: a small world"

    @property
    def sources(self) -> list[str]:
        """The photograph of each crop."""
        return self.labels

    def pixels(self, index: int, size: int) -> np.ndarray:
        """Return one crop: (size, size, 3) uint8. See `ImageSet.pixels`."""
        photo, box = self._crops[index]
        if photo.name not in self._pictures:
            self._pictures[photo.name] = Image.fromarray(decode(photo.path))
        picture = self._pictures[photo.name]
        resized = picture.resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=REDUCING_GAP)
        return np.asarray(resized)


def squares(photo: Photograph) -> list[tuple[int, int, int, int]]:
    """Return left, top, right and bottom of a photograph's crops in pixels, the largest first.

    At each size a grid of squares that overlap by about a quarter, each moved by chance within its share of the room.
    """
    boxes = []
    for percent in SIDES:
        side = min(photo.height, photo.width) * percent // 100
        if side < LEAST:
            break
        room = np.array([photo.height - side, photo.width - side])
        rows, columns = (1 + np.round(room / (0.75 * side))).astype(int)
        chance = start_uniform(SEED, image_key("photographs", photo.name, percent), (rows, columns, 2))
        for row, column in np.ndindex(rows, columns):
            share = (np.array([row, column]) + 0.25 + 0.5 * chance[row, column].astype(float)) / [rows, columns]
            top, left = (share * room).astype(int).tolist()
            boxes.append((left, top, left + side, top + side))
    return boxes


def _whole() -> list[Photograph]:
    """Return the photographs that are there as the course knows them, and say which are not."""
    flaws = {photo: photo.flaw for photo in PHOTOGRAPHS}
    whole = [photo for photo, flaw in flaws.items() if not flaw]
    listed = "; ".join(f"{photo.file} of {photo.package} {flaw}" for photo, flaw in flaws.items() if flaw)
    remedy = "The versions in requirements.txt have all of them"
    if not whole:
        raise FileNotFoundError(f"None of the photographs is there: {listed}. {remedy}; any folder of images will do.")
    if listed:
        count = f"{len(flaws) - len(whole)} of {len(flaws)} photographs"
        warnings.warn(f"{count} were left out: {listed}. {remedy}.", DamagedImageWarning, stacklevel=3)
    return whole

"""The data set that a command line, a plan or a notebook names."""

from pathlib import Path

from .image_sets import ImageFolder, ImageSet, ShapesImages
from .photographs import PhotographCrops


def open_images(source: str | Path, policy: str = "squash", count: int = 3200) -> ImageSet:
    """Return the data set that a command line or a notebook names.

    Args:
        source: the word "shapes"; the word "photographs" (about a thousand crops of the seventeen photographs that ship
            with the dependencies: real, there without a network, and a small world); or a folder (a folder of such a
            name is "./shapes").
        policy: of a folder, see `ImageFolder`.
        count: of Shapes.

    Raises:
        ValueError, FileNotFoundError: see `ImageFolder` and `PhotographCrops`.

    Warns:
        DamagedImageWarning: some of the photographs were left out.
    """
    if source == "shapes":
        return ShapesImages(count)
    return PhotographCrops() if source == "photographs" else ImageFolder(source, policy)

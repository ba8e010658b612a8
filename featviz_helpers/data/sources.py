"""The data set that a command line, a plan or a notebook names."""

from pathlib import Path

from ..common.checks import choice, instance, whole_number
from .decode import POLICIES
from .image_sets import ImageFolder, ImageSet, ShapesImages
from .photographs import PhotographCrops

MOST_SHAPES = 1_000_000


def open_images(source: str | Path, policy: str = "squash", count: int = 3200) -> ImageSet:
    """Return the data set that a command line or a notebook names.

    Args:
        source: the word "shapes"; the word "photographs" (about a thousand crops of the seventeen photographs that ship
            with the dependencies: real, there without a network, and a small world); or a folder (a folder of such a
            name is "./shapes").
        policy: of a folder, see `ImageFolder`.
        count: of Shapes, 1 to 1,000,000.

    Raises:
        ValueError, FileNotFoundError: see `ImageFolder` and `PhotographCrops`.

    Warns:
        DamagedImageWarning: some of the photographs were left out.
    """
    source = (
        source if isinstance(source, Path) else instance("data", source, str, "a folder, 'shapes' or 'photographs'")
    )
    policy, count = choice("policy", policy, POLICIES), whole_number("count", count, 1, MOST_SHAPES)
    if source == "shapes":
        return ShapesImages(count)
    return PhotographCrops() if source == "photographs" else ImageFolder(source, policy)

"""The image files of a folder, in an order that does not depend on the file system."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def image_files(folder: Path) -> dict[str, int]:
    """Find every image file below a folder; hidden files and folders are left out.

    Args:
        folder: where to look; links to folders are followed.

    Returns:
        Path below the folder, with forward slashes -> length in bytes. In natural order: numbers by value and all else
        by letter, so class 2 comes before class 10.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is a file, it holds no images, or a name in it is not text.
    """
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder '{folder}'. Give the folder that holds the images.")
    if not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; give the folder that holds the images.")
    files = dict(_walk(folder, "", frozenset()))
    if not files:
        raise ValueError(f"There are no images in '{folder}': no file ends in {', '.join(ENDINGS)}.")
    odd = [name for name in files if name != name.encode(errors="replace").decode()]
    if odd:
        raise ValueError(
            f"The names of {len(odd)} images in '{folder}' are not UTF-8, such as {odd[0]!r}: rename them."
        )
    return {name: files[name] for name in sorted(files, key=_natural)}


def _walk(folder: Path, prefix: str, above: frozenset[Path]) -> Iterator[tuple[str, int]]:
    own = folder.resolve()
    if own in above:  # a link to a folder that holds it
        return
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", above | {own})
        elif entry.name.lower().endswith(ENDINGS) and entry.is_file():
            yield prefix + entry.name, entry.stat().st_size


def _natural(name: str) -> tuple:
    parts = [re.split(r"(\d+)", part) for part in name.lower().split("/")]
    return [[int(word) if i % 2 else word for i, word in enumerate(words)] for words in parts], name

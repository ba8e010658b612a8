"""The image files of a folder, in an order that does not depend on the file system, and what is in them."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..common.progress import bar

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def image_files(folder: Path) -> list[str]:
    """Find every image file below a folder; hidden files and folders are left out.

    Args:
        folder: where to look; links to folders are followed.

    Returns:
        Paths below the folder, with forward slashes, in natural order: numbers by value and all else by letter, so
        class 2 comes before class 10.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is a file, it holds no images, or a name in it is not text.
    """
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder '{folder}'. Give the folder that holds the images.")
    if not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; give the folder that holds the images.")
    files = sorted(_walk(folder, "", frozenset()), key=_natural)
    if not files:
        raise ValueError(f"There are no images in '{folder}': no file ends in {', '.join(ENDINGS)}.")
    odd = [name for name in files if name != name.encode(errors="replace").decode()]
    if odd:
        raise ValueError(
            f"The names of {len(odd)} images in '{folder}' are not UTF-8, such as {odd[0]!r}: rename them."
        )
    return files


def content_digest(folder: Path, names: Sequence[str]) -> str:
    """Return one digest of the names and of all bytes of some files; a bar is shown where reading them takes a while.

    Args:
        folder: where they lie.
        names: paths below it; their order counts.

    Raises:
        OSError: a file cannot be read.
    """

    def digest(name: str) -> bytes:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()

    whole = hashlib.blake2b(digest_size=16)
    with ThreadPoolExecutor() as pool:  # hashing releases Python's lock
        contents = bar(iterable=pool.map(digest, names), total=len(names), desc="reading the images", delay=2.0)
        for name, content in zip(names, contents, strict=True):
            whole.update(name.encode() + b"\0" + content)
    return whole.hexdigest()


def _walk(folder: Path, prefix: str, above: frozenset[Path]) -> Iterator[str]:
    own = folder.resolve()
    if own in above:  # a link to a folder that holds it
        return
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", above | {own})
        elif entry.name.lower().endswith(ENDINGS) and entry.is_file():
            yield prefix + entry.name


def _natural(name: str) -> tuple:
    parts = [re.split(r"(\d+)", part) for part in name.lower().split("/")]
    return [[int(word) if i % 2 else word for i, word in enumerate(words)] for words in parts], name

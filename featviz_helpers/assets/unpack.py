"""Unpack an archive of photographs into a folder that appears whole or not at all, and check such a folder."""

import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from ..common.errors import UnsafeArchive
from ..common.files import checksum, disk_errors, locked, sync_folder

MOST_BYTES = 4 * 10**9
BROKEN = (tarfile.TarError, EOFError, zlib.error, IsADirectoryError, NotADirectoryError, FileExistsError)


def sums_of(folder: Path) -> Path:
    """Return where the checksums of an unpacked folder are kept, in the form that `sha256sum --check` reads."""
    return folder.with_name(f"{folder.name}.sha256")


def unpack(archive: Path, target: Path, most_bytes: int = MOST_BYTES) -> Path:
    """Unpack one folder of a tar archive, packed or not.

    Python's "data" filter (PEP 706) looks at every member, where this Python has it; and an archive of photographs has
    no links, so none is allowed.

    Args:
        archive: the file.
        target: folder to make; the archive must hold a folder of its name. When it exists, nothing is done.
        most_bytes: refuse an archive whose files have more bytes in all.

    Returns:
        `target`. `<target>.sha256` beside it has the checksum of every file.

    Raises:
        UnsafeArchive: a path that leads out, a link, a device, too many bytes, no folder of that name, or no archive.
        DiskFull: there is no room.
    """

    def fill(folder: Path) -> None:
        _extract(archive, folder, most_bytes)
        if not (folder / target.name).is_dir():
            names = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
            raise UnsafeArchive(f"'{archive}' holds no folder '{target.name}'; it holds {names}.")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        bar = tqdm(files, desc=f"checksums of {target.name}", unit="file", delay=1.0)
        lines = [f"{checksum(path)}  {path.relative_to(folder).as_posix()}\n" for path in bar]
        sums_of(folder / target.name).write_text("".join(lines), encoding="utf-8")

    return _make(target, fill)


def copy_folder(source: Path, target: Path) -> Path:
    """Copy an unpacked folder with its checksums, atomic.

    Args:
        source: the folder.
        target: its final name; when it exists, nothing is done.

    Returns:
        `target`.

    Raises:
        DiskFull: there is no room.
    """

    def fill(folder: Path) -> None:
        with tqdm(desc=f"copying {source.name}", unit="file") as bar:
            shutil.copytree(
                source, folder / target.name, copy_function=lambda *paths: bar.update(bool(shutil.copyfile(*paths)))
            )
        if sums_of(source).is_file():
            shutil.copyfile(sums_of(source), sums_of(folder / target.name))

    return _make(target, fill)


def damaged(folder: Path) -> list[str]:
    """Compare an unpacked folder with its checksums.

    Args:
        folder: the folder; `<folder>.sha256` lies beside it.

    Returns:
        The files that are missing or have other bytes, as the list names them.

    Raises:
        FileNotFoundError: there is no list of checksums.
    """
    expected = [line.split("  ", 1) for line in sums_of(folder).read_text(encoding="utf-8").splitlines()]
    bar = tqdm(expected, desc=f"checking {folder.name}", unit="file", delay=1.0, leave=False)
    paths = ((digest, name, folder.parent / name) for digest, name in bar)
    return [name for digest, name, path in paths if not path.is_file() or checksum(path) != digest]


def _make(target: Path, fill: Callable[[Path], None]) -> Path:
    """Let `fill` make the target and the list of its checksums in a folder beside it, then give both their names."""
    with disk_errors(target), locked(target):
        if target.is_dir():
            return target
        folder = target.with_name(f".{target.name}.part")
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left there
        folder.mkdir()
        try:
            fill(folder)
            tqdm.write(f"Making sure that all of {target.name} is on the disk.", file=sys.stderr)
            if hasattr(os, "sync"):
                os.sync()  # once, instead of fsync for each of ten thousand files
            if (listing := sums_of(folder / target.name)).is_file():
                os.replace(listing, sums_of(target))
            os.rename(folder / target.name, target)
            sync_folder(target.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return target


def _extract(archive: Path, folder: Path, most_bytes: int) -> None:
    try:
        with (
            archive.open("rb") as file,
            tqdm.wrapattr(file, "read", total=archive.stat().st_size, desc=f"unpacking {archive.name}") as packed,
            tarfile.open(fileobj=packed) as tar,
        ):
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4
            tar.extractall(folder, members=_checked(tar, archive, folder, most_bytes))
    except BROKEN as error:
        raise UnsafeArchive(f"'{archive}' is not a whole tar archive. Delete it and fetch it again.") from error


def _checked(tar: tarfile.TarFile, archive: Path, folder: Path, most_bytes: int) -> Iterator[tarfile.TarInfo]:
    total = 0
    for member in tar:
        total += member.size
        if not (member.isreg() or member.isdir()):
            raise UnsafeArchive(f"'{archive}' is refused: '{member.name}' is neither a file nor a folder.")
        if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
            raise UnsafeArchive(f"'{archive}' is refused: '{member.name}' leads out of its folder.")
        if total > most_bytes:
            raise UnsafeArchive(f"'{archive}' is refused: it unpacks to more than {most_bytes:,} bytes.")
        yield member

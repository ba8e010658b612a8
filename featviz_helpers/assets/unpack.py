"""Unpack a tar archive that nobody vouches for: into a folder that appears whole or not at all."""

import gzip
import hashlib
import io
import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from tqdm import tqdm

from ..common.errors import UnsafeArchive
from ..common.files import locked, part_of, sync_folder, writing

MOST_BYTES = 4 * 10**9
MOST_MEMBERS = 100_000
HEADERS = 1 << 20  # bytes that an archive may spend before its first file and, with what is left, between files
BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, IsADirectoryError, NotADirectoryError)
GZIP = b"\x1f\x8b"
# Where this Python has it. The checks below are stricter: what is known to get past the filter goes through links.
FILTER = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class _Metered(io.RawIOBase):
    """The unpacked bytes of an archive, as many as its members account for: a bomb in a header ends here too."""

    def __init__(self, inner: io.BufferedIOBase, archive: Path) -> None:
        self.inner, self.archive, self.allowed, self.given = inner, archive, HEADERS, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        count = self.inner.readinto(buffer)
        self.given += count
        self.allowed -= count
        if self.allowed < 0:
            raise UnsafeArchive(f"'{self.archive}' is refused: it unpacks to far more bytes than its files have.")
        return count


def sums_of(target: Path) -> Path:
    """Return where the checksums of an unpacked folder are kept, in the form that `sha256sum --check` reads."""
    return target.with_name(f"{target.name}.sha256")


def unpack(archive: Path, target: Path, most_bytes: int = MOST_BYTES, most_members: int = MOST_MEMBERS) -> Path:
    """Unpack one folder of a tar archive, packed with gzip or not.

    The archive is not trusted: it may hold files and folders below its own root, and nothing else. It is unpacked
    into a folder beside the target, which gets its name when everything is there.

    Args:
        archive: the file.
        target: folder to make; the archive must hold a folder of its name. When it exists, nothing is done.
        most_bytes: refuse an archive whose files have more bytes in all.
        most_members: refuse an archive with more files and folders.

    Returns:
        `target`. `<target>.sha256` beside it has the checksum of every file.

    Raises:
        UnsafeArchive: a path that leads out, a link, a device, too much of anything, or no folder of that name.
        DiskFull: there is no room.
    """
    with writing(target), locked(target):
        if target.is_dir():
            return target
        folder = _fresh_folder(target)
        try:
            sums = dict(_extract(archive, folder, most_bytes, most_members))
            if not (folder / target.name).is_dir():
                there = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
                raise UnsafeArchive(f"'{archive}' holds no folder '{target.name}'; it holds {there}.")
            lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
            part_of(sums_of(target)).write_text(lines, encoding="utf-8")
            _publish(folder / target.name, target)
        except BROKEN as error:
            raise UnsafeArchive(
                f"'{archive}' is not a whole tar archive ({error}). Delete it and fetch it again."
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return target


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
    with writing(target), locked(target):
        if target.is_dir():
            return target
        folder = _fresh_folder(target)
        try:
            with tqdm(desc=f"copying {source.name}", unit="file") as bar:
                shutil.copytree(
                    source, folder / target.name, copy_function=lambda *paths: bar.update(bool(shutil.copyfile(*paths)))
                )
            if sums_of(source).is_file():
                shutil.copyfile(sums_of(source), part_of(sums_of(target)))
            _publish(folder / target.name, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return target


def _fresh_folder(target: Path) -> Path:
    """Make the empty folder beside `target` where it grows; what a killed process left there goes."""
    folder = target.with_name(f".{target.name}.part")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _publish(folder: Path, target: Path) -> None:
    """Give a complete folder its final name, and the list of its checksums before it."""
    listing = sums_of(target)
    tqdm.write(f"Making sure that all of {target.name} is on the disk.", file=sys.stderr)
    if hasattr(os, "sync"):
        os.sync()  # once, instead of fsync for each of ten thousand files
    if part_of(listing).is_file():
        os.replace(part_of(listing), listing)
    os.rename(folder, target)
    sync_folder(target.parent)


def damaged(target: Path) -> list[str]:
    """Compare an unpacked folder with its checksums.

    Args:
        target: the folder; `<target>.sha256` lies beside it.

    Returns:
        The files that are missing or have other bytes, as the list names them.

    Raises:
        FileNotFoundError: there is no list of checksums.
    """
    lines = sums_of(target).read_text(encoding="utf-8").splitlines()
    expected = [line.split("  ", 1) for line in lines]
    bar = tqdm(expected, desc=f"checking {target.name}", unit="file", delay=1.0, leave=False)
    return [name for digest, name in bar if _sha256(target.parent / name) != digest]


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extract(archive: Path, folder: Path, most_bytes: int, most_members: int) -> Iterator[tuple[str, str]]:
    """Extract every member below a folder; yield the name and the checksum of each file."""
    with archive.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    with (gzip.open if packed else open)(archive, "rb") as plain:
        stream = _Metered(plain, archive)
        with tarfile.open(fileobj=stream, mode="r|") as tar, tqdm(desc=f"unpacking {archive.name}", unit="file") as bar:
            total = 0
            for count, member in enumerate(tar, start=1):
                total += member.size
                _check(member, archive)
                if total > most_bytes or count > most_members:
                    raise UnsafeArchive(
                        f"'{archive}' holds more than {most_bytes:,} bytes or {most_members:,} files: "
                        "that is no archive of this course."
                    )
                stream.allowed += member.size
                if member.isreg():  # folders come with their files, and with the permissions of any new folder
                    tar.extract(member, folder, set_attrs=False, **FILTER)
                    yield PurePosixPath(member.name).as_posix(), _sha256(folder / member.name)
                bar.update()
        if stream.given % tarfile.BLOCKSIZE:  # tarfile takes half a header for the end
            raise tarfile.ReadError("unexpected end of data")


def _check(member: tarfile.TarInfo, archive: Path) -> None:
    """Refuse everything but a file or a folder below the root of the archive."""
    if not (member.isreg() or member.isdir()) or member.size < 0:
        kind = "a link" if member.islnk() or member.issym() else "a device or something else that is no file"
        raise UnsafeArchive(f"'{archive}' is refused: '{member.name}' is {kind}.")
    for path in (PurePosixPath(member.name), PureWindowsPath(member.name)):
        if path.is_absolute() or path.drive or path.root or ".." in path.parts:
            raise UnsafeArchive(f"'{archive}' is refused: '{member.name}' leads out of its folder.")

"""Fetch a named asset into an assets folder: found there, copied from this machine, or downloaded and unpacked."""

from collections.abc import Callable, Iterable
from pathlib import Path

from ..common.errors import DownloadError
from ..common.files import copy, disk_errors, flaw, locked, require_room
from ..common.progress import format_bytes
from . import catalogue, locate
from .catalogue import Asset
from .download import download
from .unpack import copy_folder, damaged, sums_of, unpack


def fetch(name: str, to: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Make an asset available offline; says what it does, how big it is and where it goes.

    What comes in an installed package is copied from there.

    Args:
        name: as `featviz fetch` lists them.
        to: assets folder to fill; None is satisfied with what is anywhere on this machine, and else fills the folder
            of FEATVIZ_ASSETS, or the user's.
        say: called with each line of news.

    Returns:
        The weights file or the folder of images, verified.

    Raises:
        ValueError: there is no asset of that name.
        UnsafeArchive: the archive is not what it should be.
        DownloadError: it cannot be had; the message says why. DiskFull: there is no room.
    """
    asset = catalogue.asset(name)
    target = destination(to) / asset.path
    verify = not asset.folder  # of a folder the images are counted; `featviz doctor --verify` reads ten thousand files
    here = locate.find(name)
    for path in (target,) if to else (here, target):
        if path and path.exists() and not flaw_of(asset, path, verify):
            say(f"{name} is there: {path}")
            return path
    if target.exists():
        if asset.folder:
            wrong = flaw_of(asset, target)
            raise DownloadError(f"'{target}' is not whole: {wrong}. Delete or rename that folder, and fetch again.")
        say(f"'{target}' is damaged, and will be replaced.")
    for source in (here, locate.in_package(asset)):
        if source and source != target and not flaw_of(asset, source, verify):
            say(f"{name}: copying {source} to {target}")
            return copy_folder(source, target) if asset.folder else copy(source, target, asset.size, asset.digest)
    if not asset.url:
        installed = locate.in_package(asset)
        state, command = "damaged" if installed else "not installed", locate.remedy(asset, installed)
        raise DownloadError(f"it comes in the package {asset.package}, which is {state}: {command}")
    say(f"{name}: {format_bytes(asset.size)} from {asset.url} to {target}\n    licence: {asset.licence}")
    return _unpacked(asset, target) if asset.folder else download(asset.url, target, asset.size, asset.digest)


def fetch_all(names: Iterable[str], to: Path | None = None, say: Callable[[str], None] = print) -> dict[str, Exception]:
    """Fetch several assets; one that fails stops no other.

    Args:
        names: as `featviz fetch` lists them.
        to: as for `fetch`.
        say: called with each line of news.

    Returns:
        The errors, by name.

    Raises:
        ValueError: there is no asset of one of the names; nothing is fetched then.
        DiskFull: there is no room for all of them; nothing is fetched then.
    """
    assets = [catalogue.asset(name) for name in dict.fromkeys(names)]
    missing = [asset for asset in assets if not find(asset, to)]
    archives = [asset.size for asset in missing if asset.folder]  # one at a time is there together with its content
    require_room(destination(to), sum(asset.size for asset in missing) + max(archives, default=0))
    errors: dict[str, Exception] = {}
    for asset in assets:
        try:
            fetch(asset.name, to, say)
        except (OSError, ValueError) as error:
            errors[asset.name] = error
    return errors


def destination(to: Path | None = None) -> Path:
    """Return the assets folder to fill: the one given, else that of FEATVIZ_ASSETS, else the user's."""
    return to or locate.folder() or locate.user_folder()


def find(asset: Asset, to: Path | None = None) -> Path | None:
    """Return where an asset is, whole or not: in the folder `to`, or without one anywhere on this machine."""
    if to is None:
        return locate.find(asset.name)
    path = to / asset.path
    return path if path.exists() else None


def describe(asset: Asset, to: Path | None = None) -> str:
    """Return what `featviz fetch --list` says about an asset; `to` as for `find`."""
    rows = [f"{asset.name}  {format_bytes(asset.size)}{'  (standard set)' if asset.standard else ''}"]
    home = asset.url or f"the package {asset.package}"
    rows += [f"for: {asset.enables}", f"licence: {asset.licence}", f"home: {home}"]
    return "\n    ".join([*rows, f"there: {find(asset, to) or 'no'}"])


def flaw_of(asset: Asset, path: Path, verify: bool = False) -> str:
    """Say what is wrong with an asset that is there; "" when nothing is.

    Args:
        asset: what it should be.
        path: the file or folder, which exists.
        verify: compare every byte with the checksums, not only the size, or the number of images.
    """
    if not asset.folder:
        return flaw(path, asset.size, asset.digest if verify else None)
    count = sum(1 for _ in path.glob("*/*.jpeg"))
    if count != asset.images:
        return f"it has {count:,} images, and {asset.images:,} were expected"
    wrong = damaged(path) if verify and sums_of(path).is_file() else []
    return f"{len(wrong)} files are missing or damaged: {', '.join(wrong[:5])}" if wrong else ""


def _unpacked(asset: Asset, target: Path) -> Path:
    """Download an archive, keep the folder in it, and drop the archive."""
    archive = target.with_name(asset.file)
    # Held over both steps: a second process would fetch the archive again as soon as the first one has dropped it.
    with disk_errors(target), locked(archive.with_name(asset.name)):
        if not target.is_dir():
            download(asset.url, archive, asset.size, asset.digest, room=asset.size)
            unpack(archive, target)
        archive.unlink(missing_ok=True)
    return target

"""Where finished runs are kept: a folder per run that appears whole or not at all.

On a disk a run is written beside the others and renamed, which is one step. On any other store that fsspec reaches (s3://,
gs://, memory://) nothing can be renamed in one step; there result.json is written last, and a folder without it does
not count.

    OUT/plan.yaml, notebook.ipynb   what was requested; request.json has its hashes
    OUT/runs/ab/ab12.../            a finished run: run.ipynb, result.json, and what the notebook wrote
    OUT/failed/ab12.../N/           attempt N of a run that failed: run.ipynb, result.json with the reason
    OUT/unfinished/                 runs being made; nobody reads it, and the next sweep empties it
    OUT/sweep.log                   what happened, one line per event
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import fsspec
from filelock import FileLock, Timeout

from ..common.checks import file_name
from ..common.files import sync_folder, write_text
from .result_file import RESULT, DamagedRun, RunResult, damage_of_a_run, whole

REQUEST = "request.json"
UNFINISHED = "unfinished"
EXISTS = {errno.ENOTEMPTY, errno.EEXIST}


class RunFolders:
    """The output of a sweep.

    Args:
        address: a folder, or a URL that fsspec knows.

    Attributes:
        fs, root: the file system, and where the output is on it.
        local: the folder, if it is on a disk.
    """

    def __init__(self, address: str | Path) -> None:
        if "://" in str(address):
            self.address = str(address)
            self.fs, root = fsspec.core.url_to_fs(self.address)
        else:  # the name of a folder, of which fsspec itself would cut off what follows a "::"
            self.address = str(file_name("The folder of results", address))
            self.fs, root = fsspec.filesystem("file"), str(Path(os.path.expanduser(self.address)).absolute())
        self.root = PurePosixPath(root)
        self.local = Path(root) if "file" in self.fs.protocol else None

    def path(self, name: str) -> str:
        """Return where a name such as "runs/ab/ab12" is, as fsspec writes it."""
        return str(self.root / name)

    def read(self, name: str) -> str | None:
        """Return the text of a file, or None where there is none."""
        try:
            if self.local is None:
                return self.fs.cat_file(self.path(name)).decode()
            return (self.local / name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _size(self, name: str) -> int | None:
        """Return the bytes of a file, or None where there is none."""
        try:
            return self.fs.size(self.path(name)) if self.local is None else (self.local / name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, text: str) -> None:
        """Write a small file; on a disk nobody ever reads half of it."""
        if self.local is None:
            self.fs.pipe_file(self.path(name), text.encode())
            return
        write_text(self.local / name, text)

    @contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """Yield a new folder on this machine's disk to make a run in; it is gone afterwards."""
        if self.local is None:
            with tempfile.TemporaryDirectory(prefix="featviz-", ignore_cleanup_errors=True) as folder:
                yield Path(folder)
            return
        folder = self.local / UNFINISHED / uuid.uuid4().hex
        folder.mkdir(parents=True)  # with the rights that others need to read it later, unlike a temporary folder
        with _locked(folder):
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def remove_unfinished(self) -> None:
        """Remove what killed workers left unfinished; what another process still works on stays."""
        for folder in list((self.local / UNFINISHED).glob("*/")):
            with suppress(Timeout), _locked(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, name: str) -> bool:
        """Make what was written to `folder` the run `name`.

        Returns:
            False if another worker had published that run before; its folder stays.
        """
        if self.local is None:
            return self._upload(folder, name)
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb" if os.name == "posix" else "rb+") as file:  # a notebook may leave read-only files
                    os.fsync(file.fileno())
        target = self.local / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(target)
        except OSError as error:
            if error.errno not in EXISTS:
                raise
            return False
        sync_folder(target.parent)
        return True

    def _upload(self, folder: Path, name: str) -> bool:
        """Publish to a store that is no disk: the file that makes the run whole comes last."""
        if self.result(name) is not None:
            return False
        last = folder / RESULT
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path != last)
        for path in [*files, last]:
            self.fs.put_file(str(path), self.path(f"{name}/{path.relative_to(folder).as_posix()}"))
        return True

    def result(self, name: str) -> RunResult | None:
        """Return the result.json of a run, or None if the run is not whole: every file has to have its length."""
        with suppress(DamagedRun):
            return self._whole(name)
        return None

    def _whole(self, name: str) -> RunResult:
        """Return the result.json of a run.

        Raises:
            DamagedRun: it is not whole.
        """
        with damage_of_a_run():
            text = self.read(f"{name}/{RESULT}")
        return whole(text, lambda file: self._size(f"{name}/{file}"))

    def results(self, names: Iterable[str], damaged: dict[str, str] | None = None) -> dict[str, RunResult]:
        """Return name -> result.json of the runs that are whole; a store that is no disk is read once for all.

        Args:
            names: of the runs.
            damaged: gets name -> reason of the folders that are not whole. On a store that is no disk, a folder without
                result.json is on its way there, and no damage.
        """
        damaged = {} if damaged is None else damaged
        if self.local is None:
            return self._stored_results(list(names), damaged)
        results = {}
        for name in names:
            try:
                results[name] = self._whole(name)
            except DamagedRun as error:
                if (self.local / name).is_dir():  # neither a stray file nor a run that is to be made
                    damaged[name] = str(error)
        return results

    def _stored_results(self, names: list[str], damaged: dict[str, str]) -> dict[str, RunResult]:
        sizes: dict[str, int] = {}
        for folder in {name.split("/")[0] for name in names}:
            with suppress(FileNotFoundError):
                sizes |= {path: about["size"] for path, about in self.fs.find(self.path(folder), detail=True).items()}
        paths = {name: self.path(f"{name}/{RESULT}") for name in names}
        paths = {name: path for name, path in paths.items() if path in sizes}
        texts = self.fs.cat(list(paths.values()), on_error="omit") if paths else {}
        results = {}
        for name, path in paths.items():
            try:
                results[name] = whole(texts.get(path), lambda file, name=name: sizes.get(self.path(f"{name}/{file}")))
            except DamagedRun as error:
                damaged[name] = str(error)
        return results

    def set_damaged_aside(self, name: str) -> bool:
        """Move a run that is not whole out of the way, and say whether there was one.

        Only on a disk: on other stores it may be on its way there, and another attempt writes over it.
        """
        # In this order: what is published in between is whole, and not there at the first look.
        if self.local is None or not self.fs.exists(self.path(name)) or self.result(name) is not None:
            return False
        self.fs.mv(self.path(name), self.path(f"damaged/{PurePosixPath(name).name}-{uuid.uuid4().hex}"), recursive=True)
        return True

    def subfolders(self, folder: str, depth: int) -> Iterator[str]:
        """Yield the folders `depth` levels below one, such as every run below "runs", in order."""
        if not self.fs.isdir(self.path(folder)):
            return
        for path in sorted(self.fs.ls(self.path(folder), detail=False)):
            name = f"{folder}/{PurePosixPath(path).name}"
            if depth > 1:
                yield from self.subfolders(name, depth - 1)
            else:
                yield name


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of an unfinished folder.

    Raises:
        Timeout: another process holds it.
    """
    lock = FileLock(folder.with_suffix(".lock"), timeout=0)
    with lock:
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)


def run_name(identity: str) -> str:
    """Return the folder of a finished run: 256 folders of runs, because a folder with 100,000 entries is slow."""
    return f"runs/{identity[:2]}/{identity}"

"""Files that appear whole or not at all, and checksums that are read again when the file has changed."""

import errno
import hashlib
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from featviz_helpers.common import files
from featviz_helpers.common.errors import DiskFull, DownloadError

BODY, OTHER = bytes(range(256)) * 1000, bytes(256_000)
SIZE = len(BODY)
SHA256 = "sha256:" + hashlib.sha256(BODY).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder is not synced")
def test_a_drive_whose_folders_cannot_be_synced_takes_files(tmp_path, monkeypatch):
    """Some network and encrypted folders answer so, and every write was reported as failed after it was done."""
    sync, code = os.fsync, errno.EINVAL

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    files.write_text(tmp_path / "run.json", "{}")
    assert names(tmp_path) == ["run.json"]
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        files.write_text(tmp_path / "run.json", "{}")


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    target = tmp_path / "below" / "run.json"
    files.write_text(target, "old \N{MULTIPLICATION SIGN}")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        files.write_text(target, "new")
    assert target.read_text(encoding="utf-8") == "old \N{MULTIPLICATION SIGN}"
    assert names(target.parent) == ["run.json"]


def test_what_was_begun_and_broke_off_replaces_nothing(tmp_path):
    target = tmp_path / "table"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), files.replacing(target) as part:  # noqa: PT012
        part.write_text("ne")
        raise KeyboardInterrupt
    assert target.read_text() == "old" and names(tmp_path) == ["table"]


def test_a_file_is_read_again_when_it_may_have_changed(tmp_path, monkeypatch):
    reads = []
    content = files.per_state(lambda path: reads.append(path) or path.read_text())
    target = tmp_path / "weights"
    target.write_text("one")
    assert [content(target), content(target)] == ["one", "one"] and len(reads) == 2, "too young to be sure"
    monkeypatch.setattr(files, "YOUNG", 0)
    assert [content(target), content(target)] == ["one", "one"] and len(reads) == 3
    before = target.stat()
    time.sleep(0.02)  # a tick of the file system's clock
    target.write_text("two")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))  # as `cp -p` and rsync do
    assert content(target) == "two"


def test_a_copy_is_verified_and_atomic(tmp_path):
    source, target = tmp_path / "source", tmp_path / "usb" / "weights" / "file"
    source.write_bytes(OTHER)
    with pytest.raises(DownloadError, match="not what it should be: its sha256"):
        files.copy(source, target, SIZE, SHA256)
    assert [path.name for path in target.parent.iterdir()] == [".file.lock"]
    source.write_bytes(BODY)
    assert files.copy(source, target, SIZE, SHA256).read_bytes() == BODY
    assert names(target.parent) == [".file.lock", "file"]


def test_a_copy_without_room_is_refused(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "file"
    source.write_bytes(BODY)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    with pytest.raises(DiskFull, match=r"256kB are needed in .*, and 10.0kB are free there\. Free 246kB or"):
        files.copy(source, target, SIZE, SHA256)
    assert not target.exists()


def test_two_writers_and_a_reader_do_not_meet(tmp_path):
    """With one name for all parts half of the overlapping writes failed, and a reader met a torn file."""
    target = tmp_path / "table.txt"
    texts = {name: name * 50_000 for name in "ab"}
    files.write_text(target, texts["a"])

    def write(text):
        for _ in range(40):
            files.write_text(target, text)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, text) for text in texts.values()]
        while not all(writer.done() for writer in writers):
            assert target.read_text() in texts.values()
        for writer in writers:
            writer.result()
    assert [path.name for path in tmp_path.iterdir()] == ["table.txt"]


def test_what_a_killed_writer_left_is_removed_after_a_day(tmp_path):
    old, young = (tmp_path / f".name.{age}.part" for age in ("old", "young"))
    for part in (old, young):
        part.write_text("half of it")
    day_before = time.time() - 2 * files.STALE
    os.utime(old, (day_before, day_before))
    files.write_text(tmp_path / "name", "whole")
    assert young.exists() and not old.exists()


def test_a_name_of_the_greatest_length_can_be_written(tmp_path):
    target = tmp_path / ("ä" * 127)  # 254 bytes
    files.write_text(target, "x")
    assert target.read_text() == "x"


@pytest.mark.parametrize("filename", [None, "the part"])
def test_a_full_disk_names_the_place(tmp_path, filename):
    """It was told as "[Errno 28] No space left on device", or with the hidden name of the part."""
    path = tmp_path / "run.json"
    with pytest.raises(OSError, match="No space left on device") as caught, files.replacing(path) as part:
        raise OSError(errno.ENOSPC, "No space left on device", *([str(part)] if filename else []))
    assert caught.value.filename == str(path) and caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError) as other, files.replacing(path):
        raise OSError(errno.EACCES, "Permission denied", "another file")
    assert other.value.filename == "another file"

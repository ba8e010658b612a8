"""Archives of photographs: what is good appears whole, what is hostile leaves nothing behind."""

import io
import os
import random
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from featviz_helpers.assets.unpack import copy_folder, damaged, sums_of, unpack
from featviz_helpers.common.errors import UnsafeArchive

TOP = "photos-val"
IMAGES = {f"{TOP}/{label}/{label}.jpeg": random.Random(label).randbytes(1000 + label) for label in (0, 7, 999)}


def member(name, content=b"", **attributes):
    """A member of a tar archive with its content."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def write(path, *more, mode="w:gz", images=True):
    """Write an archive of the images and whatever else is given."""
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as tar:
        for info, content in [*(member(*pair) for pair in IMAGES.items() if images), *more]:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


def tree(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.name.endswith(".lock")}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "assets" / "data" / TOP


@pytest.mark.parametrize("mode", ["w:gz", "w"], ids=["gzip", "a plain tar, whatever its name says"])
def test_a_folder_appears_with_its_checksums(tmp_path, target, mode):
    archive = write(tmp_path / "photos.tar.gz", member(f"./{TOP}/empty", type=tarfile.DIRTYPE), mode=mode)
    assert unpack(archive, target) == target
    for name, content in IMAGES.items():
        assert (target.parent / name).read_bytes() == content
    names = {name.split("/", 1)[1] for name in IMAGES}
    folders = {f"{TOP}/empty", *(f"{TOP}/{name.split('/')[0]}" for name in names)}
    assert tree(target.parent) == {TOP, f"{TOP}.sha256", *IMAGES, *folders}
    assert damaged(target) == []
    checked = subprocess.run(["sha256sum", "--check", f"{TOP}.sha256"], cwd=target.parent, capture_output=True)
    assert checked.returncode == 0
    assert (target / "0").stat().st_mode == tmp_path.joinpath("assets").stat().st_mode, "readable by the class"


def test_the_second_call_does_nothing(tmp_path, target):
    unpack(write(tmp_path / "photos.tar.gz"), target)
    assert unpack(tmp_path / "not there.tar.gz", target) == target


def test_every_damaged_file_is_named(tmp_path, target):
    unpack(write(tmp_path / "photos.tar.gz"), target)
    path = target / "7" / "7.jpeg"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    (target / "999" / "999.jpeg").unlink()
    assert damaged(target) == [f"{TOP}/7/7.jpeg", f"{TOP}/999/999.jpeg"]


HOSTILE = {
    "absolute": ([member("/evil", b"x")], "leads out"),
    "parent": ([member(f"{TOP}/../../evil", b"x")], "leads out"),
    "hidden parent": ([member(f"{TOP}/a/../../../evil", b"x")], "leads out"),
    "symlink out": (
        [member(f"{TOP}/out", type=tarfile.SYMTYPE, linkname="../../..")],
        "is neither a file nor a folder",
    ),
    "symlink inside": ([member(f"{TOP}/in", type=tarfile.SYMTYPE, linkname="0")], "is neither a file nor a folder"),
    "through a symlink": (
        [member(f"{TOP}/out", type=tarfile.SYMTYPE, linkname="/tmp"), member(f"{TOP}/out/evil", b"x")],
        "is neither a file nor a folder",
    ),
    "symlink of the top": ([member("top", type=tarfile.SYMTYPE, linkname=".")], "is neither a file nor a folder"),
    "hardlink out": (
        [member(f"{TOP}/out", type=tarfile.LNKTYPE, linkname="../../../secret")],
        "is neither a file nor a folder",
    ),
    "device": ([member(f"{TOP}/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)], "is neither a file nor a folder"),
    "pipe": ([member(f"{TOP}/pipe", type=tarfile.FIFOTYPE)], "is neither a file nor a folder"),
    "file and folder": ([member(f"{TOP}/0", b"x")], "not a whole tar archive"),
    "folder and file": ([member(f"{TOP}/0/0.jpeg/x", b"x")], "not a whole tar archive"),
    "large file": ([member(f"{TOP}/zeros", bytes(200_000))], "more than 100,000 bytes"),
}


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_leaves_nothing_behind(tmp_path, target, kind, mode):
    (tmp_path / "secret").write_text("secret")
    more, why = HOSTILE[kind]
    archive = write(tmp_path / "photos.tar.gz", *more, mode=mode)
    with pytest.raises(UnsafeArchive, match=f"photos.tar.gz.*{why}"):
        unpack(archive, target, most_bytes=100_000)
    assert tree(tmp_path) == {"secret", "photos.tar.gz", "assets", "assets/data"}
    assert not os.path.lexists("/evil") and not os.path.lexists("/tmp/evil")
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("kept", [0.3, 0.0], ids=["a third", "nothing"])
def test_a_cut_archive_leaves_nothing_behind(tmp_path, target, mode, kept):
    archive = write(tmp_path / "photos.tar.gz", mode=mode)
    content = archive.read_bytes()[: archive.stat().st_size if mode == "w:gz" else 4000]
    archive.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UnsafeArchive, match=r"not a whole tar archive.*fetch it again"):
        unpack(archive, target)
    assert tree(target.parent) == set()


def test_a_page_is_no_archive(tmp_path, target):
    archive = tmp_path / "photos.tar.gz"
    archive.write_text("<html>" + "please log in " * 200)
    with pytest.raises(UnsafeArchive, match="not a whole tar archive"):
        unpack(archive, target)


def test_another_folder_is_not_what_was_wanted(tmp_path, target):
    archive = write(tmp_path / "photos.tar.gz", member("other/1.jpeg", b"x"), images=False)
    with pytest.raises(UnsafeArchive, match=rf"holds no folder '{TOP}'; it holds other"):
        unpack(archive, target)
    assert tree(target.parent) == set()


def test_a_killed_process_leaves_nothing_under_the_final_name(tmp_path, target):
    archive = write(tmp_path / "photos.tar.gz")
    code = (
        "import sys, tarfile, time; from pathlib import Path; from featviz_helpers.assets.unpack import unpack\n"
        "makefile = tarfile.TarFile.makefile\n"
        "def slowly(self, info, *args):\n"
        "    makefile(self, info, *args)\n"
        "    print(info.name, flush=True)\n"
        "    time.sleep(60 if '/7/' in info.name else 0)\n"
        "tarfile.TarFile.makefile = slowly\n"
        "unpack(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, archive, target], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() and "/7/" in process.stdout.readline()
    process.kill()
    process.communicate(timeout=30)
    assert not target.exists() and tree(target.parent), "killed half-way"
    unpack(archive, target)
    assert damaged(target) == [] and tree(target.parent) >= set(IMAGES)
    assert [path.name for path in target.parent.iterdir() if path.name.endswith(".part")] == []


def test_two_at_once_make_one_folder(tmp_path, target):
    archive = write(tmp_path / "photos.tar.gz")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: unpack(archive, target), range(8))) == [target] * 8
    assert damaged(target) == []


def test_a_copy_is_whole_or_not_there(tmp_path, target, monkeypatch):
    unpack(write(tmp_path / "photos.tar.gz"), target)
    usb = tmp_path / "usb" / TOP
    with monkeypatch.context() as patched:
        patched.setattr(
            "featviz_helpers.assets.unpack.shutil.copyfile", lambda *paths: (_ for _ in ()).throw(OSError(5, "pulled"))
        )
        with pytest.raises(OSError, match="pulled"):
            copy_folder(target, usb)
        assert tree(usb.parent) == set()
    copy_folder(target, usb)
    assert damaged(usb) == [] and sums_of(usb).read_bytes() == sums_of(target).read_bytes()
    assert copy_folder(tmp_path / "gone", usb) == usb

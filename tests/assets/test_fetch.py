"""`featviz fetch`, `featviz doctor` and the data scripts, with small files in the place of the real ones."""

import hashlib
import io
import os
import random
import re
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from featviz_helpers.assets import catalogue, download, fetch, locate
from featviz_helpers.assets.catalogue import ASSETS
from featviz_helpers.cli.main import main
from featviz_helpers.common import files
from featviz_helpers.common.errors import DownloadError
from support.faulty_server import Faults, serving

from data_scripts import fetch_imagenet_v2, fetch_weights

PHOTOS = "imagenetv2-matched-frequency"
PLACE = f"data/{PHOTOS}-format-val"


def archive_of(name, images=3):
    """A small ImageNet-v2: a plain tar under the name of a packed one, as the real ones are."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for label in range(images):
            info = tarfile.TarInfo(f"{name}-format-val/{label}/{label}.jpeg")
            info.size = 100
            tar.addfile(info, io.BytesIO(random.Random(label).randbytes(100)))
    return stream.getvalue()


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine without any asset, and a mirror that has all of them in small."""
    monkeypatch.delenv("FEATVIZ_ASSETS", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(locate, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setattr(locate, "find_spec", lambda name: None)
    monkeypatch.setattr(fetch, "download", lambda *args, **kw: download.download(*args, **kw, pause=0.01, tries=2))
    with serving() as server:
        monkeypatch.setenv("FEATVIZ_MIRROR", server.url())
        for name, asset in list(ASSETS.items()):
            body = archive_of(name) if asset.folder else random.Random(name).randbytes(5000)
            server.files[asset.file] = body
            algorithm = asset.digest.split(":")[0]
            digest = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
            small = replace(asset, size=len(body), digest=digest, images=3 if asset.folder else 0)
            monkeypatch.setitem(ASSETS, name, small)
        yield server


def featviz(*words, status=0, command=main):
    """Run a command in this process; return what it printed."""
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.output


def test_the_catalogue_is_sound():
    for name, asset in ASSETS.items():
        algorithm, digest = asset.digest.split(":")
        assert asset.name == name and len(digest) == {"md5": 32, "sha256": 64}[algorithm]
        assert int(digest, 16) and digest == digest.lower()
        assert asset.home.startswith("https://") or (asset.package and not asset.home)
        assert asset.licence and asset.enables and asset.otherwise
        if found := re.search(r"-([0-9a-f]{8})\.pth$", asset.file):  # torchvision's own check
            assert digest.startswith(found[1])
    assert len({asset.digest for asset in ASSETS.values()}) == len(ASSETS)
    assert ASSETS["inception_v3"].file == locate.INCEPTION_FILES[0]
    assert round(ASSETS["inception_v3"].size / 1e6) == locate.INCEPTION_MEGABYTES


def test_addresses_are_the_publishers_unless_there_is_a_mirror(monkeypatch):
    monkeypatch.delenv("FEATVIZ_MIRROR", raising=False)
    assert ASSETS["alexnet"].url == "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
    monkeypatch.setenv("FEATVIZ_MIRROR", "http://teacher:8000/files/")
    assert ASSETS["alexnet"].url == "http://teacher:8000/files/alexnet-owt-7be5be79.pth"


def test_the_list_says_everything_and_fetches_nothing(machine):
    said = featviz("fetch")
    words = set(re.split(r"  +|\n *(?:\w+: )?", said))
    for asset in ASSETS.values():
        assert {asset.name, asset.licence, asset.url, asset.enables} <= words
    assert said.count("there: no") == len(ASSETS) and machine.requests == []


def test_weights_are_fetched_found_and_not_fetched_again(machine, tmp_path):
    said = featviz("fetch", "inception_v3", "alexnet")
    own = tmp_path / "own" / "weights" / ASSETS["inception_v3"].file
    assert f"inception_v3: 5.00kB from {machine.url(own.name)} to {own}" in said and "licence: Apache-2.0" in said
    assert locate.find("inception_v3") == locate.find_inception() == own
    assert locate.find("alexnet").read_bytes() == machine.files[ASSETS["alexnet"].file]
    assert f"inception_v3 is there: {own}" in featviz("fetch", "inception_v3")
    assert len(machine.requests) == 2


def test_a_usb_stick_serves_a_class_room_without_network(machine, tmp_path, monkeypatch):
    usb = tmp_path / "usb"
    featviz("fetch", "--to", usb)
    standard = {asset.path for asset in ASSETS.values() if asset.standard}
    weights = {locate.INCEPTION_FILES[0], "alexnet-owt-7be5be79.pth", "efficientnet-lite0-57934424.pth"}
    assert standard == {PLACE, *(f"weights/{file}" for file in weights)}
    shown = {path.relative_to(usb).as_posix() for path in usb.glob("*/*") if not path.name.startswith(".")}
    assert shown == standard | {f"{PLACE}.sha256"}, "and neither the archive nor any part of it"
    assert not (tmp_path / "own").exists()

    machine.files.clear()
    requests = len(machine.requests)
    monkeypatch.setenv("FEATVIZ_ASSETS", str(usb))
    assert locate.find(PHOTOS) == usb / PLACE
    assert f"{PHOTOS} is there: {usb / PLACE}" in featviz("fetch", PHOTOS)
    featviz("fetch", "--to", tmp_path / "laptop")  # from the stick
    assert (tmp_path / "laptop" / PLACE / "2" / "2.jpeg").is_file()
    assert len(machine.requests) == requests


def test_the_assets_folder_comes_first_and_is_filled(machine, tmp_path, monkeypatch):
    featviz("fetch", "squeezenet1_1")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("FEATVIZ_ASSETS", str(shelf))
    assert locate.find("squeezenet1_1").is_relative_to(tmp_path / "own")
    featviz("fetch", "vgg16")
    assert locate.find("vgg16").is_relative_to(shelf)
    featviz("fetch", "squeezenet1_1", "--to", shelf)
    assert locate.find("squeezenet1_1").is_relative_to(shelf)


def test_caches_of_others_are_used_unless_a_file_is_cut_off(machine, tmp_path):
    for name, cache in (("inception_v3_notop", "keras/models"), ("alexnet", "torch/hub/checkpoints")):
        asset = ASSETS[name]
        path = tmp_path / cache / asset.file
        path.parent.mkdir(parents=True)
        path.write_bytes(machine.files[asset.file][:-1])
        assert locate.find(name) is None
        path.write_bytes(machine.files[asset.file])
        assert locate.find(name) == path
        featviz("fetch", name, "--to", tmp_path / "usb")
        assert (tmp_path / "usb" / asset.path).read_bytes() == machine.files[asset.file]
    assert machine.requests == []


def test_what_is_damaged_is_replaced(machine, tmp_path):
    featviz("fetch", "alexnet")
    path = locate.find("alexnet")
    path.write_bytes(bytes(5000))  # the size is right
    assert "is damaged, and will be replaced" in featviz("fetch", "alexnet")
    assert path.read_bytes() == machine.files[path.name]


def test_a_folder_that_lacks_images_is_not_touched_without_leave(machine):
    featviz("fetch", PHOTOS)
    lost = locate.find(PHOTOS) / "1" / "1.jpeg"
    lost.unlink()
    said = featviz("fetch", PHOTOS, status=1)
    assert "it has 2 images, and 3 were expected. Delete or rename that folder" in said
    assert "DAMAGED, it has 2 images" in featviz("doctor", status=1)


def test_one_failure_stops_no_other(machine):
    machine.files.pop(ASSETS["inception_v3"].file)
    said = featviz("fetch", "inception_v3", "alexnet", status=1)
    assert re.search(r"inception_v3 could not be fetched: .* answered 404", said)
    assert locate.find("inception_v3") is None and locate.find("alexnet")


def test_a_hostile_archive_is_not_kept_under_its_final_name(machine, tmp_path, monkeypatch):
    body = archive_of("another-name")
    machine.files[ASSETS[PHOTOS].file] = body
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    monkeypatch.setitem(ASSETS, PHOTOS, replace(ASSETS[PHOTOS], digest=digest, size=len(body)))
    assert "it holds another-name-format-val" in featviz("fetch", PHOTOS, status=1)
    assert locate.find(PHOTOS) is None


def test_photos_are_fetched_once_by_two_at_once(machine, tmp_path):
    machine.faults = [Faults(slow=0.03)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: fetch.fetch(PHOTOS, say=lambda line: None), range(2)))
    assert found == [tmp_path / "own" / PLACE] * 2 and len(machine.requests) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fetch", "alexnett"], "no asset 'alexnett': did you mean alexnet?"),
        (["fetch", "alexnet", "alexnett"], "no asset 'alexnett'"),
        (["fetch", "--list", "x"], "no asset 'x'"),
        (["doctor", "--assets", "nowhere"], "does not exist"),
    ],
)
def test_what_cannot_be_meant_is_refused(machine, words, message):
    assert message in featviz(*words, status=2)
    assert machine.requests == []


@pytest.mark.parametrize("command", ["fetch", "doctor"])
def test_an_unplugged_stick_is_named(machine, monkeypatch, command):
    monkeypatch.setenv("FEATVIZ_ASSETS", "unplugged")
    assert "'unplugged', which is not a folder" in featviz(command, status=2)


def test_a_set_that_does_not_fit_is_not_begun(machine, tmp_path, monkeypatch):
    sizes = {asset.path: asset.size for asset in ASSETS.values() if asset.standard}
    most = sum(sizes.values()) + sizes[PLACE]  # its archive lies next to it for a while
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=most - 1))
    assert "are needed" in featviz("fetch", "--to", tmp_path / "usb", status=1)
    assert machine.requests == []
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=most))
    featviz("fetch", "--to", tmp_path / "usb")


@pytest.mark.parametrize("asset", ["alexnet", PHOTOS])
def test_a_folder_that_cannot_be_written_is_reported_with_what_to_do(machine, tmp_path, asset):
    (tmp_path / ASSETS[asset].path.split("/")[0]).write_text("a file in the way")
    said = featviz("fetch", asset, "--to", tmp_path, status=1)
    assert re.search(rf"{asset} could not be fetched: Cannot write .*Choose a folder that you may write to", said)
    assert machine.requests == []


def test_stopping_says_how_to_go_on(machine, monkeypatch):
    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch, "fetch_all", stopped)
    assert "The same command goes on from here" in featviz("fetch", "alexnet", status=130)


def test_the_doctor_says_what_is_there_and_how_to_get_the_rest(machine, tmp_path):
    said = featviz("doctor")
    assert all(f"get it: featviz fetch {name}\n" in said for name in ASSETS)
    assert all(re.search(rf"^bundled {name} +there", said, re.M) for name in ("shapesnet", "shapesnet_plain"))
    assert said.startswith("Ready: every notebook runs here, on lite0.") and "no notebook needs it" in said
    for word in ("python", "keras", "torch", "lpips", "card", "cores", "disk", "FEATVIZ_ASSETS"):
        assert re.search(rf"^{word} ", said, re.M), word
    featviz("fetch", "--to", tmp_path / "usb")
    (tmp_path / "usb" / "data" / "my photos").mkdir()
    environment = dict(os.environ)
    said = featviz("doctor", "--assets", tmp_path / "usb", "--verify")
    assert dict(os.environ) == environment, "a report changes nothing"
    assert re.search(rf"^{PHOTOS} +there, 3 images, every byte verified: .*usb", said, re.M)
    assert re.search(r"^alexnet +there, 5.00kB, every byte verified: .*usb", said, re.M)
    assert said.split("Also in FEATVIZ_ASSETS:\n")[1].splitlines()[:1] == ["    data/my photos"]


@pytest.mark.parametrize("asset", ["alexnet", PHOTOS])
def test_only_verify_sees_other_bytes_of_the_same_size(machine, asset):
    featviz("fetch", asset)
    path = locate.find(asset)
    path = path / "1" / "1.jpeg" if path.is_dir() else path
    path.write_bytes(bytes(path.stat().st_size))
    featviz("doctor")
    said = featviz("doctor", "--verify", status=1)
    assert re.search(rf"{asset} +DAMAGED, .*\n +(replace it|delete it, then): featviz fetch {asset}", said)


def test_a_file_of_another_size_does_not_go_unsaid(machine):
    featviz("fetch", "alexnet")
    locate.find("alexnet").write_bytes(b"cut")
    assert "DAMAGED, it has 3 bytes, and 5,000 were expected" in featviz("doctor", status=1)


def test_photos_unpacked_by_hand_cannot_be_verified_and_are_not_called_damaged(machine, tmp_path):
    featviz("fetch", PHOTOS)
    (tmp_path / "own" / f"{PLACE}.sha256").unlink()
    assert "3 images, without checksums to compare them with" in featviz("doctor", "--verify")


def test_the_scripts_fetch_what_they_are_named_after(machine, tmp_path):
    featviz("--to", tmp_path / "usb", command=fetch_weights.main)
    featviz("--variant", "threshold0.7", "--to", tmp_path / "usb", command=fetch_imagenet_v2.main)
    shown = {path.name for path in (tmp_path / "usb").glob("*/*") if not path.name.startswith(".")}
    name = "imagenetv2-threshold0.7-format-val"
    files = {"alexnet-owt-7be5be79.pth", "efficientnet-lite0-57934424.pth", name, f"{name}.sha256"}
    assert shown == {locate.INCEPTION_FILES[0], *files}
    machine.files.clear()
    featviz("vgg16", command=fetch_weights.main, status=1)
    featviz("imagenet", command=fetch_weights.main, status=2)


def test_errors_reach_a_notebook_as_exceptions(machine):
    machine.files.clear()
    with pytest.raises(DownloadError, match="404"):
        fetch.fetch("alexnet")
    with pytest.raises(ValueError, match="did you mean vgg16"):
        catalogue.asset("vgg_16")


@pytest.mark.parametrize("name", ["featviz_helpers.assets.catalogue.ASSETS", "featviz_helpers.assets.ASSETS"])
def test_the_catalogue_is_there_before_anything_was_fetched(name):
    code = f"import featviz_helpers; print(len({name}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == str(len(ASSETS)), done.stderr


@pytest.mark.slow
def test_fetch_and_doctor_come_without_the_heavy_libraries():
    code = (
        "import sys\nfrom featviz_helpers.cli.main import main\n"
        "main(['fetch', '--list'], standalone_mode=False)\nmain(['doctor'], standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'keras', 'torch', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr

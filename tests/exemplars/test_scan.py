"""Exemplars: against brute force in numpy, through a kill, and on the command line."""

import hashlib
import json
import os
import signal
import subprocess
import sys

import keras
import matplotlib

matplotlib.use("Agg")

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.assets.locate import INCEPTION_FILES
from featviz_helpers.cli.main import main
from featviz_helpers.common.errors import DamagedImage, DamagedImageWarning, NotFinite
from featviz_helpers.data.image_sets import ImageSet
from featviz_helpers.exemplars import ranking, scan, tables
from featviz_helpers.models.graph import calls, sources
from PIL import Image
from support.full_disk import full_disk
from support.networks import shapesnet

COLUMNS = ["layer", "channel", "pooling", "rank", "path", "activation", "row", "col"]
LAYERS = ["mixed0", "mixed2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """50 Shapes as PNG files, in numbered folders; image 7 comes twice."""
    root = tmp_path_factory.mktemp("images")
    for i, image in enumerate(fv.shapes.draw(50, 11).images):
        (root / str(i // 5)).mkdir(exist_ok=True)
        fv.save_image(image, root / str(i // 5) / f"{i}.png")
    (root / "6" / "33.png").write_bytes((root / "1" / "7.png").read_bytes())
    return root


@pytest.fixture(scope="module")
def data(folder):
    return fv.ImageFolder(folder)


@pytest.fixture(scope="module")
def found(data):
    return fv.find_exemplars(shapesnet(), data, LAYERS, k=6, batch=8)


@pytest.fixture(scope="module")
def maps(data):
    """Every activation, by the plain way: all images in memory, one layer at a time."""
    images = np.stack([data.load(i, 64) for i in range(len(data))])
    return {layer: shapesnet().activations(images, layer) for layer in LAYERS}


def pooled(maps, layer, pooling):
    return getattr(maps[layer], pooling)(axis=(1, 2))


@pytest.mark.parametrize("pooling", ["mean", "max"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("end", ["table", "bottom"])
def test_every_channel_has_its_top_k_and_bottom_k(found, maps, data, layer, pooling, end):
    values = pooled(maps, layer, pooling)
    sign = -1 if end == "table" else 1
    rows = getattr(found, end)
    rows = rows[(rows.layer == layer) & (rows.pooling == pooling)]
    assert len(rows) == 6 * values.shape[1] and list(rows.columns) == COLUMNS
    for channel, own in rows.groupby("channel"):
        assert own["rank"].tolist() == [1, 2, 3, 4, 5, 6]
        at = [data.index(path) for path in own["path"]]
        assert len(set(at)) == 6
        np.testing.assert_allclose(own.activation, values[at, channel], atol=1e-4)
        order = np.argsort(sign * values[:, channel], kind="stable")[:6]
        np.testing.assert_allclose(values[at, channel], values[order, channel], atol=1e-4)
        for image, row, col in zip(at, own.row, own.col, strict=True):
            unit = maps[layer][image, :, :, channel]
            assert unit[row, col] >= unit.max() - 1e-4


def test_the_first_of_equal_images_and_units_comes_first():
    ranks = ranking.Ranking(1, 3)
    for first in (0, 4):
        values = np.float32([1, 2, 2, 1])[None, :, None].repeat(2, axis=0)
        ranks.add(values, np.zeros((4, 1), np.int32), np.arange(first, first + 4), ["x"] * 4)
    assert ranks.images[0, 0, 0].tolist() == [1, 2, 5] and ranks.images[0, 1, 0].tolist() == [0, 3, 4]


def test_a_channel_that_is_silent_lists_the_first_images_and_the_first_unit(data):
    dead = fv.Backbone(keras.models.clone_model(shapesnet().model), "dead")
    for layer in dead.model.layers:
        layer.set_weights([np.full_like(w, 0.01) for w in layer.get_weights()])
    last = [layer for layer in dead.model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in last:
        norm.beta.assign(np.full(norm.beta.shape, -9.0, np.float32))
    found = fv.find_exemplars(dead, data, "mixed0", k=3, size=64)
    assert found.table.activation.abs().max() == 0
    assert found.top("mixed0", 5) == found.top("mixed0", 6, "max") == data.names[:3]
    assert (found.table[["row", "col"]] == 0).all(axis=None)
    assert found.percentile("mixed0", 5, 0.0) == 0 and found.percentile("mixed0", 5, 0.1) == 100


@pytest.mark.parametrize("batch", [1, 50])
def test_ranks_do_not_depend_on_the_batch(found, data, batch):
    other = fv.find_exemplars(shapesnet(), data, LAYERS, k=6, batch=batch)
    for name in ("table", "bottom", "quantiles"):
        one, two = getattr(found, name), getattr(other, name)
        np.testing.assert_allclose(one.activation, two.activation, atol=1e-4)
        if name != "quantiles":
            # Two images may change places only where rounding decides, as with the picture that comes twice.
            moved = one.path.to_numpy() != two.path.to_numpy()
            assert moved.mean() < 0.02 and list(one.columns) == COLUMNS
            assert one[["layer", "channel", "pooling", "rank"]].equals(two[["layer", "channel", "pooling", "rank"]])


def test_several_layers_are_the_single_layers_side_by_side(found, data):
    alone = fv.find_exemplars(shapesnet(), data, "mixed2", k=6, batch=8)
    among = found.table[found.table.layer == "mixed2"].reset_index(drop=True)
    np.testing.assert_allclose(alone.table.activation, among.activation, atol=1e-4)
    assert alone.top("auto", 3) == found.top("mixed2", 3)
    turned = fv.find_exemplars(shapesnet(), data, ["mixed2", "mixed0", "mixed2"], k=6, batch=8)
    pd.testing.assert_frame_equal(turned.table, found.table)


def test_class_scores_have_exemplars_too(data):
    found = fv.find_exemplars(shapesnet(), data, "logits", k=4)
    scores = shapesnet().activations(np.stack([data.load(i, 64) for i in range(50)]), "logits")
    np.testing.assert_allclose(
        found.rows("auto", 3).activation,
        np.sort(scores[:, 3])[::-1][:4],
        atol=1e-4,
    )
    assert (found.table[["row", "col"]] == 0).all(axis=None)


def test_quantiles_are_those_of_all_activations(found, maps):
    for layer in LAYERS:
        for pooling in ("mean", "max"):
            own = found.quantiles.query("layer == @layer and pooling == @pooling")
            table = own.pivot(index="quantile", columns="channel", values="activation")
            expected = np.quantile(pooled(maps, layer, pooling), table.index, axis=0)
            np.testing.assert_allclose(table, expected, atol=2e-4)


def test_percentiles_count_the_images_below(found, maps):
    values = pooled(maps, "mixed2", "mean")
    for channel in (0, 17, 60):
        own = np.sort(values[:, channel])
        for activation in [*np.linspace(own[0] - 0.01, own[-1] + 0.01, 23), own[-1] + 1, own[0] - 1]:
            exact = 100 * (own < activation).mean()
            near = np.abs(activation - own).min() < 1e-4  # rounding decides
            claimed = found.percentile("mixed2", channel, activation)
            outer = activation > own[-6] + 1e-4 or activation < own[5] - 1e-4
            assert near or claimed == pytest.approx(exact, abs=1e-9 if outer else 2.1)
        assert found.percentile("mixed2", channel, own[-1] + 1) == 100 and found.percentile("mixed2", channel, -9) == 0
    with pytest.raises(ValueError, match="activation must be a number; got nan"):
        found.percentile("mixed2", 0, float("nan"))


def test_an_image_of_the_data_set_does_not_lie_below_itself(found):
    """At equality: the percentile counts the images that are smaller, and not those that are equal."""
    count = found.meta["count"]
    for name, sign in (("table", 1), ("bottom", -1)):
        ends = getattr(found, name).query("layer == 'mixed2' and pooling == 'mean' and channel == 17")
        values = ends.sort_values("rank")["activation"].to_numpy()
        smaller = [count - (values >= v).sum() if sign == 1 else (values < v).sum() for v in values]
        claimed = [found.percentile("mixed2", 17, value) for value in values]
        assert claimed == pytest.approx([100 * below / count for below in smaller], abs=1e-9)


def test_a_sample_gives_quantiles_that_are_nearly_right_and_the_ends_exactly():
    values = np.random.default_rng(0).normal(size=(2, 6000, 4)).astype(np.float32)
    ranks = ranking.Ranking(4, 2)
    for first in range(0, 6000, 100):
        index = np.arange(first, first + 100)
        ranks.add(values[:, index], np.zeros((100, 4), np.int32), index, [f"image {i}" for i in index])
    levels = np.array([0, 0.1, 0.5, 0.9, 1])
    claimed, exact = ranks.quantiles(levels), np.quantile(values, levels, axis=1)
    np.testing.assert_array_equal(claimed[[0, -1]], exact[[0, -1]].astype(np.float32))
    np.testing.assert_allclose(claimed[1:-1], exact[1:-1], atol=0.1)
    assert np.abs(claimed[1:-1] - exact[1:-1]).max() > 0  # a sample, not everything
    hashes = sorted(int.from_bytes(_digest(f"image {i}")) for i in range(6000))
    assert sorted(ranks.priorities.tolist()) == hashes[: ranking.SAMPLE]


def _digest(name):
    return hashlib.blake2b(name.encode(), digest_size=8).digest()


def test_memory_grows_with_channels_and_not_with_images():
    sizes = []
    for count in (3000, 12_000):
        ranks = ranking.Ranking(30, 9)
        for first in range(0, count, 500):
            index = np.arange(first, first + 500)
            batch = np.random.default_rng(first).random((2, 500, 30), np.float32)
            ranks.add(batch, np.zeros((500, 30), np.int32), index, [str(i) for i in index])
        sizes.append(sum(value.nbytes for value in vars(ranks).values() if isinstance(value, np.ndarray)))
        assert ranks.count == count
    assert sizes[0] == sizes[1] < 1.1 * (30 * 9 * 4 * 12 + 2 * 30 * ranking.SAMPLE * 4 + 8 * ranking.SAMPLE)


class Dying(ImageSet):
    """Shapes whose process is killed when it asks for one image."""

    def __init__(self, last):
        super().__init__()
        self._inner, self._last = fv.ShapesImages(60), last
        self.names, self.policy, self.labels = self._inner.names, "drawn", [None] * 60

    def _identity(self):
        return "dying"

    def pixels(self, index, size):
        if index == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        if index in (3, 41):
            raise DamagedImage("not a picture")
        return self._inner.pixels(index, size)


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from test_scan import Dying, scan, shapesnet
scan.EVERY = 0.0
scan.find_exemplars(shapesnet(), Dying(last=50), ["mixed0", "mixed2"], k=5, batch=4, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::featviz_helpers.common.errors.DamagedImageWarning")
def test_a_killed_scan_goes_on_and_ends_bitwise_the_same(tmp_path, root, monkeypatch, capsys):
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path),
        *map(str, (root, root / "tests", root / "tests" / "exemplars")),
    ]
    died = subprocess.run(command, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    half, _ = ranking.Ranking.load(tmp_path / scan.STATE)
    assert 20 < half.next < 50 and half.damaged.keys() == {"shapes/000003"} | (
        {"shapes/000041"} if half.next > 41 else set()
    )
    asked = []
    monkeypatch.setattr(
        Dying, "pixels", lambda self, i, size, read=Dying.pixels: (asked.append(i), read(self, i, size))[1]
    )
    options = {"layers": LAYERS, "k": 5, "batch": 4}
    resumed = fv.find_exemplars(shapesnet(), Dying(None), checkpoint=tmp_path, **options)
    assert min(asked) == half.next, "nothing is computed twice"
    assert f"Going on with an earlier scan, at image {half.next} of 60." in capsys.readouterr().out
    whole = fv.find_exemplars(shapesnet(), Dying(None), **options)
    for name in ("table", "bottom", "quantiles"):
        pd.testing.assert_frame_equal(getattr(resumed, name), getattr(whole, name), check_exact=True)
    assert resumed.meta["count"] == 58 and resumed.meta["damaged"] == whole.meta["damaged"]
    with pytest.raises(ValueError, match=r"belongs to another scan: k 5 there, 4 here"):
        fv.find_exemplars(shapesnet(), Dying(None), LAYERS, k=4, checkpoint=tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(scan, "of_rooms", lambda *_: "another version")
        with pytest.raises(ValueError, match=r"another scan: code \w+ there, another version here"):
            fv.find_exemplars(shapesnet(), Dying(None), LAYERS, k=5, checkpoint=tmp_path)
    (tmp_path / scan.STATE).write_bytes(b"half a file")
    with pytest.raises(ValueError, match="not the state of a scan"):
        fv.find_exemplars(shapesnet(), Dying(None), LAYERS, k=5, checkpoint=tmp_path)


@pytest.mark.slow
@pytest.mark.nightly
def test_a_command_that_is_killed_ends_as_one_that_was_not(tmp_path, root):
    """With `benchmarks/kills_of_one.py`: SIGKILL at random moments of scan, tables and thumbnails."""
    script = [sys.executable, str(root / "benchmarks" / "kills_of_one.py"), "--work", str(tmp_path), "--kills", "4"]
    command = ["exemplars", "mixed0", "--model", "shapesnet", "--data", "shapes", "--count", "150", "--k", "3"]
    done = subprocess.run([*script, *command, "--batch", "8", "--out", "OUT"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == 4 and report["ends"] >= 1 and report["different"] == [], report


def test_the_request_knows_weights_size_policy_and_data(data, folder):
    request = scan.scan_request(shapesnet(), data, "mixed0", 5)
    assert request["size"] == 64 and request == scan.scan_request(shapesnet(), fv.ImageFolder(folder), "mixed0", 5, 64)
    other = fv.Backbone(keras.models.clone_model(shapesnet().model), "shapesnet")
    changed = [
        scan.scan_request(other, data, "mixed0", 5),
        scan.scan_request(shapesnet(), data, "mixed0", 5, 96),
        scan.scan_request(shapesnet(), fv.ImageFolder(folder, "crop"), "mixed0", 5),
        scan.scan_request(shapesnet(), fv.ShapesImages(50), "mixed0", 5),
    ]
    assert all(answer != request for answer in changed)


def test_what_cannot_be_asked_is_refused(data):
    for k in (0, 51, 2.0, True):
        with pytest.raises(ValueError, match="whole number from 1 to 50"):
            fv.find_exemplars(shapesnet(), data, k=k)
    with pytest.raises(ValueError, match=r"no layer 'mixed22'.*mixed2"):
        fv.find_exemplars(shapesnet(), data, ["mixed0", "mixed22"])
    with pytest.raises(ValueError, match="at least one layer"):
        fv.find_exemplars(shapesnet(), data, [])
    with pytest.raises(ValueError, match="too small"):
        fv.find_exemplars(shapesnet(), data, "mixed2", size=1)


def test_what_was_not_found_cannot_be_looked_up(found):
    assert found.top("mixed2", 3, k=2) == found.top("mixed2", 3)[:2]
    for arguments, says in [
        (("mixed1", 0), "was not scanned: did you mean"),
        (("mixed2", 120), "from 0 to 119; got 120"),
        (("mixed2", 0, "sum"), "pooling must be one of 'mean', 'max'; got 'sum'"),
        (("mixed2", 0, "mean", 7), "k must be a whole number from 1 to 6; got 7"),
        (("auto", 0), "'auto' was not scanned"),
    ]:
        with pytest.raises(ValueError, match=says):
            found.top(*arguments)


def test_a_network_that_breaks_down_is_named(data):
    broken = fv.Backbone(keras.models.clone_model(shapesnet().model), "broken")
    layer = broken.model.get_layer("mixed0")
    while not isinstance(layer, keras.layers.Conv2D):  # the one that computes channel 0
        layer = sources(calls(broken.model)[layer.name][0])[0]
    layer.set_weights([np.full_like(w, 1e38) for w in layer.get_weights()])
    with pytest.raises(NotFinite, match=r"Channel 0 of 'mixed0' is not a finite number on image 0/0.png"):
        fv.find_exemplars(broken, data, "mixed0", size=64)
    layer.set_weights([np.full_like(w, 2e4) for w in layer.get_weights()])
    with pytest.raises(NotFinite, match="float16 ends at 65504: use 'mixed_bfloat16' or 'float32'"):
        fv.find_exemplars(broken, data, "mixed0", size=64, precision="mixed_float16")
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    with pytest.raises(NotFinite, match=f"Layer '{layer.name}' .* has weights that are not finite"):
        fv.find_exemplars(fv.Backbone(broken.model, "broken"), data, "mixed0", size=64)


def test_damaged_images_are_left_out_and_a_folder_of_nothing_else_is_refused(tmp_path, folder):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes((folder / "0" / f"{i}.png").read_bytes())
    (tmp_path / "1.png").write_text("no picture")
    with pytest.warns(DamagedImageWarning, match=r"1 of 4 images .* 1.png"):
        found = fv.find_exemplars(shapesnet(), fv.ImageFolder(tmp_path), "mixed0", k=4)
    assert found.meta["count"] == 3 and list(found.meta["damaged"]) == ["1.png"]
    assert found.top("mixed0", 0, k=3) and set(found.table.path) == {"0.png", "2.png", "3.png"}
    assert found.table["rank"].max() == 3
    for path in tmp_path.iterdir():
        path.write_text("no picture")
    with pytest.warns(DamagedImageWarning), pytest.raises(ValueError, match="None of the 4 images could be read"):
        fv.find_exemplars(shapesnet(), fv.ImageFolder(tmp_path), "mixed0", k=1)


def test_the_sheet_shows_the_exemplars_and_their_patches(found, data):
    figure = fv.exemplar_sheet(found, data, "mixed2", [3, 7])
    axes = [axis for axis in figure.axes if axis.images]
    assert len(axes) == 12 and [axes[0].get_ylabel(), axes[6].get_ylabel()] == ["channel 3", "channel 7"]
    best = data.load(data.index(found.top("mixed2", 7)[0]), 64)
    np.testing.assert_array_equal(axes[6].images[0].get_array(), fv.to_uint8(best))
    field = fv.effective_field(shapesnet(), "mixed2", np.stack([data.load(i, 64) for i in range(8)]))
    patches = fv.exemplar_sheet(found, data, "mixed2", [3], "max", field, k=4)
    assert len([axis for axis in patches.axes if axis.images]) == 4
    assert patches.axes[0].images[0].get_array().shape == (*field.size, 3)
    plt.close("all")
    with pytest.raises(ValueError, match="fingerprint is another one"):
        fv.exemplar_sheet(found, fv.ShapesImages(50), "mixed2", [3])


def featviz(*arguments):
    """The command in this process, which loads a network once."""
    return CliRunner(env={"FEATVIZ_KEEP_MODELS": "1"}).invoke(main, ["exemplars", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_writes_everything_and_a_second_one_finds_it_done(tmp_path, folder):
    out = tmp_path / "out"
    command = ("mixed0", "mixed2", "--model", "shapesnet", "--data", folder, "--k", 4, "--out", out)
    first = featviz(*command)
    assert first.exit_code == 0, first.output
    assert "top 4 of 168 channels of mixed0, mixed2" in first.output and "50 images, " in first.output
    table = pd.read_parquet(out / "exemplars.parquet")
    assert list(table.columns) == COLUMNS and len(table) == 168 * 2 * 4
    assert set(table.path) == {str(p.relative_to(out / "thumbnails"))[:-4] for p in (out / "thumbnails").rglob("*.jpg")}
    with Image.open(out / "thumbnails" / f"{table.path[0]}.jpg") as thumbnail:
        assert thumbnail.size == (112, 112)
    assert json.loads((out / "meta.json").read_text())["count"] == 50
    assert sorted(p.name for p in out.iterdir()) == [
        ".featviz.lock", "bottom.parquet", "exemplars.parquet", "meta.json", "quantiles.parquet", "thumbnails",
    ]  # fmt: skip
    loaded = fv.Exemplars.load(out)
    expected = fv.find_exemplars(shapesnet(), fv.ImageFolder(folder), LAYERS, k=4)
    for name in ("table", "bottom", "quantiles"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(expected, name))
    before = (out / "exemplars.parquet").stat().st_mtime_ns
    second = featviz(*command)
    assert second.exit_code == 0 and "nothing was left to do" in second.output
    assert (out / "exemplars.parquet").stat().st_mtime_ns == before
    other = featviz(*command[:-3], 5, "--out", out)
    assert other.exit_code == 2 and "belongs to another scan: k 4 there, 5 here" in other.output


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_scan_goes_on(tmp_path, folder):
    command = ("mixed0", "--model", "shapesnet", "--data", folder, "--k", 3, "--out")
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert featviz(*command, whole).exit_code == 0
    sizes = {path.relative_to(whole): path.stat().st_size for path in whole.rglob("*") if path.is_file()}
    for size in (100, max(sizes.values()) - 1):
        with full_disk(size):
            full = featviz(*command, out)
        said = full.output.splitlines()[-1]
        assert full.exit_code == 1 and said.endswith(": File too large") and str(out) in said, full.output
        assert not (out / "meta.json").exists() and not list(out.rglob(".*.part"))
    assert featviz(*command, out).exit_code == 0
    assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == sizes.keys()
    for path in sizes:
        if path.suffix != ".json":  # it holds seconds
            assert (out / path).read_bytes() == (whole / path).read_bytes(), path


def test_a_thumbnail_without_room_is_told(tmp_path, data):
    """Half of it was left without a word."""
    with full_disk(500), pytest.raises(OSError, match=r"thumbnails/0/0\.png\.jpg"):
        tables._thumbnails(data, data.names[:1], tmp_path / "thumbnails")


def test_the_command_says_what_was_damaged(tmp_path, folder):
    images = tmp_path / "images"
    images.mkdir()
    for i in range(5):
        (images / f"{i}.png").write_bytes((folder / "0" / f"{i}.png").read_bytes())
    (images / "9.jpg").write_bytes(b"")
    done = featviz("auto", "--model", "shapesnet", "--data", images, "--k", 2, "--out", tmp_path / "out")
    assert done.exit_code == 0 and "left out: 9.jpg (cannot be read as an image" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "nowhere"), "There is no folder 'nowhere'"),
        (("--data", "FOLDER", "--k", 51), "--k 51 is more than there are images: 50 images"),
        (("--data", "FOLDER", "--k", 0), "0 is not in the range 1<=x<=1000000"),
        (("--data", "FOLDER", "--out", "FOLDER/out"), "would become part of the data"),
        (("--data", "FOLDER", "--weights", "nowhere.h5"), "There is no weights file at 'nowhere.h5'"),
        (("--data", "shapes", "--model", "inception_v4"), "did you mean inception_v3"),
        (("--data", "shapes", "--size", 1), "too small"),
    ],
)
def test_the_command_refuses_with_a_sentence(tmp_path, monkeypatch, folder, arguments, says):
    monkeypatch.chdir(tmp_path)
    given = [str(argument).replace("FOLDER", str(folder)) for argument in arguments]
    done = featviz("mixed2", *(["--model", "shapesnet"] if "--model" not in given else []), *given,
                   *([] if "--out" in given else ["--out", "out"]))  # fmt: skip
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_an_unknown_layer_is_refused_with_the_nearest_names(tmp_path):
    done = featviz("mixd2", "--model", "shapesnet", "--data", "shapes", "--out", tmp_path / "out")
    assert done.exit_code == 2 and "did you mean" in done.output and "mixed2" in done.output


def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(scan, "write_exemplars", stopped)
    done = featviz("mixed2", "--model", "shapesnet", "--data", "shapes", "--out", tmp_path / "out")
    assert done.exit_code == 130 and "The same command goes on from here." in done.output


@pytest.mark.slow
def test_help_and_early_refusals_need_no_tensorflow(tmp_path):
    code = (
        "import sys\nfrom featviz_helpers.cli.main import main\n"
        "try: main(['exemplars', 'mixed6', '--data', 'shapes', '--count', '3', '--out', sys.argv[1]])\n"
        "except SystemExit as stop: assert stop.code == 2\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0 and "--k 9 is more than there are images" in done.stderr


@pytest.mark.real
@pytest.mark.slow
def test_photographs_on_the_real_trunk(assets, tmp_path):
    """All 768 channels of mixed6 on 48 photographs, against every activation in memory."""
    backbone = fv.load_model("inception_v3", weights=assets / "weights" / INCEPTION_FILES[2])
    photos = fv.ImageFolder(assets / "data" / "imagenet_sample")
    numbers = [int(label) for label in photos.labels]
    assert len(photos) == 800 and numbers == sorted(numbers)
    photos.names = photos.names[:48]
    found = fv.find_exemplars(backbone, photos, "mixed6", k=5, size=160, batch=20)
    maps = backbone.activations(np.stack([photos.load(i, 160) for i in range(48)]), "mixed6", batch=16)
    for pooling in ("mean", "max"):
        values = pooled({"mixed6": maps}, "mixed6", pooling)
        own = found.table[found.table.pooling == pooling].activation.to_numpy().reshape(768, 5)
        np.testing.assert_allclose(own, np.sort(values, axis=0)[:-6:-1].T, atol=1e-4)
    field = fv.effective_field(backbone, "mixed6", np.stack([photos.load(i, 299) for i in range(2)]), batch=2)
    whole = fv.receptive_field(backbone, "mixed6", 299)
    assert field.size[0] < 299 < whole.size[0]


def test_an_image_with_the_longest_name_gets_a_thumbnail(tmp_path):
    """252 characters leave no room for an ending, and such a scan could never be finished."""
    folder = tmp_path / "images"
    folder.mkdir()
    for letter in "ab":
        fv.save_image(np.zeros((8, 8, 3), np.float32), folder / f"{'x' * 247}{letter}.png")
    data = fv.ImageFolder(folder)
    tables._thumbnails(data, data.names, tmp_path / "thumbnails")
    assert len(list((tmp_path / "thumbnails").iterdir())) == 2
    assert tables.thumbnail("1/cat.png") == "1/cat.png.jpg"


def test_a_network_that_prepares_images_otherwise_is_another_request(data):
    model = shapesnet().model
    plain = scan.scan_request(fv.Backbone(model, "mine"), data, "mixed0", 5)
    negative = scan.scan_request(fv.Backbone(model, "mine", preprocess=lambda images: -images), data, "mixed0", 5)
    assert plain == scan.scan_request(fv.Backbone(model, "mine"), data, "mixed0", 5)
    assert plain["weights"] != negative["weights"]


def test_a_size_of_two_numbers_is_refused(data):
    with pytest.raises(ValueError, match="size must be a whole number"):
        scan.scan_request(shapesnet(), data, "mixed0", 5, (64, 128))

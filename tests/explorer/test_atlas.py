"""The channel atlas: what it says is what is measured, what is there is not made again, and the page opens."""

import json
import re
import shutil
import subprocess

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.explorer import atlas, facts, layer_store, page, variety, write_atlas
from support.networks import pictures, shapesnet

SMALL = {"k": 3, "size": 32, "steps": 2, "seeds": 1, "variety": 2}


def content(path):
    """The numbers and pictures of a page, as its script reads them."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script id="content" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atlas")
    return write_atlas(folder, shapesnet(), fv.ShapesImages(32, 3), "mixed0", **SMALL)


def test_nearest_channels_are_those_that_answer_alike():
    base = np.random.default_rng(0).normal(size=(40, 3))
    answers = np.column_stack([base[:, 0], base[:, 1], 2 * base[:, 0] + 5, np.full(40, 7.0)])
    near = facts.nearest_channels(answers)
    assert near[0][0] == (2, pytest.approx(1.0))
    assert near[2][0] == (0, pytest.approx(1.0))
    assert near[3] == []
    assert all(other != 3 for row in near for other, _ in row)


@pytest.mark.slow
def test_a_histogram_has_all_images_where_they_are(small):
    found = fv.Exemplars.load(small.parent / "layers" / "mixed0" / "exemplars")
    images = fv.ShapesImages(32, 3)
    means = shapesnet().activations(np.stack([images.load(i, 64) for i in range(32)]), "mixed0").mean(axis=(1, 2))
    for channel, row in enumerate(facts.histograms(found, "mixed0")):
        assert sum(row["shares"]) == pytest.approx(1.0)
        assert (row["low"], row["high"]) == pytest.approx((means[:, channel].min(), means[:, channel].max()), rel=1e-4)
        if row["high"] > row["low"]:
            middle = np.linspace(row["low"], row["high"], facts.BINS + 1)[facts.BINS // 2]
            below = (means[:, channel] <= middle).mean()
            assert sum(row["shares"][: facts.BINS // 2]) == pytest.approx(below, abs=2 / 32)


@pytest.mark.slow
def test_the_page_says_what_was_measured(small):
    section = content(small)["layers"][0]
    backbone = shapesnet()
    assert section["channels"] == backbone.layers["mixed0"] == len(section["made"][0]) == len(section["silent"])
    made, _ = layer_store.LayerStore(
        small.parent, backbone, fv.ShapesImages(32, 3), "mixed0", SMALL["k"], SMALL["size"], SMALL["steps"]
    ).pictures(0)
    again = fv.score(backbone, fv.channel("mixed0", range(len(made))), fv.from_uint8(made))
    np.testing.assert_allclose(section["reached"][0], again, atol=0.02 * np.abs(again).max())
    table = fv.Exemplars.load(small.parent / "layers" / "mixed0" / "exemplars")
    images = content(small)["images"]
    for channel in (0, 7):
        assert [images[entry[0]]["name"] for entry in section["top"]["mean"][channel]] == table.top("mixed0", channel)
    assert set(section["curves"]) == {"orientation_deg", "frequency_cpp", "hue_deg"}
    assert "grade" in section["values"]


@pytest.mark.slow
def test_pictures_pushed_apart_differ_more_than_those_of_other_seeds(tmp_path):
    backbone, layer, few, count = shapesnet(), "mixed2", range(8), 3
    store = layer_store.LayerStore(tmp_path, backbone, fv.ShapesImages(32, 3), layer, 3, 48, 48)
    alone = [store._climb(fv.channel(layer, few), seed) for seed in range(count)]
    apart = variety.push_apart(store._climb, layer, count, alone[0].activations, few)

    def alike(groups):
        return [fv.synthesis.pairwise_similarity(backbone, group, layer) for group in groups]

    seeds = np.stack([result.images for result in alone], axis=1)
    np.testing.assert_allclose(apart.alike, alike(fv.from_uint8(apart.images)), atol=0.03)
    assert np.median(apart.alike) < np.median(alike(seeds)) - 0.15
    again = fv.score(backbone, fv.channel(layer, [5] * count), fv.from_uint8(apart.images[5]))
    np.testing.assert_allclose(apart.activations[5], again, atol=0.02 * np.abs(again).max())


def test_an_atlas_that_is_stopped_loses_one_block_of_pictures_pushed_apart(tmp_path, monkeypatch):
    store = layer_store.LayerStore(tmp_path, shapesnet(), fv.ShapesImages(8, 3), "mixed0", 1, 32, 1)
    monkeypatch.setattr(layer_store, "CHANNELS", 8)
    real, blocks = layer_store.push_apart, []

    def stopped_in_the_third(*arguments):
        blocks.append(arguments[-1])
        if len(blocks) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(layer_store, "push_apart", stopped_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        store.variety(2)
    found = store.variety(2)
    firsts = [block[0] for block in blocks]
    assert firsts == [0, 8, 16, *range(16, len(store.channels), 8)]
    assert len(found.images) == len(found.activations) == len(found.alike) == len(store.channels)


@pytest.mark.slow
def test_a_layer_of_classes_has_nothing_pushed_apart(tmp_path):
    backbone = shapesnet()
    store = layer_store.LayerStore(tmp_path, backbone, fv.ShapesImages(8, 3), backbone.logits, 1, 32, 2)
    assert store.variety(2) is None


@pytest.mark.slow
def test_what_is_there_is_not_made_again(small, monkeypatch):
    before = small.read_bytes()
    for name in ("maximize", "write_exemplars"):
        real = getattr(layer_store, name)
        allowed = name == "write_exemplars"  # it reads what is finished
        monkeypatch.setattr(layer_store, name, real if allowed else pytest.fail)
    write_atlas(small.parent, shapesnet(), fv.ShapesImages(32, 3), "mixed0", **SMALL)
    assert small.read_bytes() == before


@pytest.mark.slow
def test_another_atlas_is_refused_in_the_same_folder(small):
    with pytest.raises(ValueError, match="belongs to another scan: steps 2 there, 3 here"):
        write_atlas(small.parent, shapesnet(), fv.ShapesImages(32, 3), "mixed0", **SMALL | {"steps": 3})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": 0}, "seeds must be a whole number from 1 to 8"),
        ({"k": 65}, "k must be a whole number from 1 to"),
        ({"size": 16}, "size must be a whole number from 32 to 512"),
        ({"variety": 1}, "one picture has no other"),
        ({"variety": 9}, "variety must be a whole number from 0 to 8"),
        ({"layers": "mixed9"}, "mixed9"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        write_atlas(tmp_path / "a", shapesnet(), fv.ShapesImages(80, 3), **{"layers": "mixed0"} | SMALL | changed)
    assert not (tmp_path / "a").exists()


def test_names_of_images_run_nothing():
    made = page.Pictures()
    hostile = '</script><script>document.title="ran"</script>'
    made.images.append({"name": hostile, "label": hostile, "webp": made.encode(np.zeros((4, 4, 3), np.uint8))})
    about = {"network": hostile, "data": hostile, "photographs": True, "picture": 4, "steps": 1}
    text = page.render(about, [], made)
    assert text.count("<script") == 2
    assert text.count("</script>") == 2


def test_channels_without_a_picture_are_said():
    found = fv.find_exemplars(shapesnet(), fv.ShapesImages(32, 3), "mixed0", 2, progress=False)
    reached = np.full(shapesnet().layers["mixed0"], 0.5)
    reached[4] = np.nan
    table = facts.standing(found, "mixed0", reached)
    assert np.isnan(table["above"][4])
    assert 0 <= table["above"][0] <= 100
    assert atlas.LABELS.keys() >= set(table.columns)


def test_above_all_images_is_above_every_one(monkeypatch):
    found = fv.find_exemplars(shapesnet(), fv.ShapesImages(32, 3), "mixed0", 2, progress=False)
    monkeypatch.setattr(fv.Exemplars, "percentile", lambda *_: 100 * (1 - 1 / 50_000))
    above = facts.standing(found, "mixed0", np.ones(shapesnet().layers["mixed0"]))["above"][0]
    assert page._plain(above) == 99.99


def in_a_browser(path, address):
    """What a page has become once a browser has run its script."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        pytest.skip("no Chromium on this machine")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([*command, f"{path.as_uri()}#{address}"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "cases",
    [
        {0: "stands above none of the images.", 100: "stands above all images."},
        {99.9: "stands above 99.9 % of the images.", None: "has no gradient: there is no picture."},
    ],
)
def test_the_page_says_where_a_picture_stands(small, tmp_path, cases):
    def other(found):
        values = json.loads(found[2])
        return found[1] + json.dumps([*values[:7], *cases, *values[9:]])

    text, places = re.subn(r'("above": ?)(\[[^\]]*\])', other, small.read_text(encoding="utf-8"))
    assert places == 1
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    seen = in_a_browser(tmp_path / "index.html", "mixed0/7+mixed0/8")
    assert all(sentence in seen for sentence in cases.values())


@pytest.mark.slow
def test_a_browser_shows_a_channel_by_its_address(small):
    seen = in_a_browser(small, "mixed0/7+mixed0/3")
    assert seen.count('class="cell"') >= shapesnet().layers["mixed0"]
    assert "mixed0, channel 7" in seen
    assert "mixed0, channel 3" in seen
    assert seen.count("<article>") == 2
    assert 'aria-selected="true"' in seen


def test_pictures_are_in_the_page_once():
    made, data = page.Pictures(), fv.ShapesImages(4, 0)
    assert [made.image(data, data.names[i]) for i in (2, 0, 2, 2)] == [0, 1, 0, 0]
    assert len(made.images) == 2
    assert isinstance(pd.DataFrame(made.images)["label"][0], str)
    assert made.encode(fv.to_uint8(pictures(1, 8)[0]))


@pytest.mark.slow
def test_the_command_names_the_images_that_it_could_not_read(tmp_path):
    for number, image in enumerate(fv.shapes.draw(2, 0).images):
        fv.save_image(image, tmp_path / "images" / f"{number}.png")
    (tmp_path / "images" / "9.png").write_bytes(b"no image")
    words = ["atlas", "mixed0", "--model", "shapesnet"]
    words += ["--data", str(tmp_path / "images"), "--out", str(tmp_path / "out")]
    words += ["--k", "1", "--size", "64", "--steps", "1", "--seeds", "1", "--variety", "0"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0 and "left out: 9.png" in done.output, done.output


@pytest.mark.slow
def test_a_dead_start_has_no_activation_and_no_grade(tmp_path):
    store = layer_store.LayerStore(tmp_path, shapesnet(), fv.ShapesImages(8, 3), "mixed2", 3, 64, 8)
    images, reached = store.pictures(0)
    flat = images.reshape(len(images), -1).std(axis=1) == 0
    assert flat.any()
    np.testing.assert_array_equal(np.isnan(reached), flat)
    table, _ = facts.answer_key_facts(shapesnet(), "mixed2", images, reached)
    assert table["grade"][flat].isna().all()


@pytest.mark.slow
@pytest.mark.parametrize(("turned", "order"), [("", [2, 0, 1]), ("turn.onclick();", [0, 2, 1])])
def test_a_channel_without_a_value_comes_last_in_either_order(small, tmp_path, turned, order):
    count = shapesnet().layers["mixed0"]
    values = [50, None, 90, *[None] * (count - 3)]
    text = re.sub(r'("above": ?)(\[[^\]]*\])', lambda found: found[1] + json.dumps(values), small.read_text("utf-8"))
    text = text.replace("</body>", f'<script>sort.value = "above"; sort.onchange(); {turned}</script></body>')
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    seen = re.findall(r'class="cell"[^>]*data-channel="(\d+)"', in_a_browser(tmp_path / "index.html", "mixed0/7"))
    assert [int(channel) for channel in seen if int(channel) < 3] == order

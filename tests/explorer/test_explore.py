"""The explorer without a browser: what is asked is found, a store is used, a climb obeys, widgets do what they say."""

import threading
import time
from types import SimpleNamespace

import featviz_helpers as fv
import ipywidgets
import numpy as np
import pytest
from featviz_helpers.explorer import browser, facts, layer_store, live, panels, session, uploads, write_atlas
from featviz_helpers.explorer.archive import Archive, LayerFacts, Made
from featviz_helpers.explorer.session import OWN, Session
from featviz_helpers.explorer.view import View
from featviz_helpers.explorer.worker import Worker
from support.networks import pictures, shapesnet

DATA = fv.ShapesImages(48, 3)


@pytest.fixture
def short(monkeypatch):
    """Pictures of a few steps."""
    monkeypatch.setattr(session, "STEPS", 4)


@pytest.fixture
def looking(short):
    found = Session(Archive(shapesnet(), DATA, k=4), "mixed0", 3, size=40)
    found.archive.progress = False
    found.heard = []
    found.listen = lambda what, value: found.heard.append((what, value))
    found.worker.finish()
    return found


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atlas")
    write_atlas(folder, shapesnet(), DATA, "mixed0", k=4, size=32, steps=2, seeds=1)
    return folder


def wait(question, seconds=60):
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_panels_say_what_the_network_says(looking):
    names = ("picture", "silencer", "strongest", "patches", "histogram", "map")
    assert [name for name in names if looking.panels[name].image is None] == []
    made = looking.archive.picture("mixed0", 3, 1)
    again = fv.score(shapesnet(), fv.channel("mixed0", 3), fv.from_uint8(made.image)[None])[0]
    assert made.activation == pytest.approx(float(again), abs=0.02)
    images = np.stack([DATA.load(i, 64) for i in range(48)])
    means = np.sort(shapesnet().activations(images, "mixed0")[..., 3].mean(axis=(1, 2)))[::-1]
    assert f"Strongest of 48 images: {means[0]:.3g} to {means[3]:.3g}" in looking.panels["strongest"].words
    assert f"mean {means[0]:.3g}" in looking.panels["map"].words


def test_words_say_where_an_activation_stands_also_at_both_ends(looking):
    facts = looking.archive.layer("mixed0")
    images = np.stack([DATA.load(i, 64) for i in range(48)])
    means = np.sort(shapesnet().activations(images, "mixed0")[..., 3].mean(axis=(1, 2)))

    def said(activation):
        made = Made(np.zeros((8, 8, 3), np.uint8), float(activation))
        return panels.made(made, "picture", facts, 3).words.split(", ")[1]

    assert said(means[0] - 1) == "below all images"
    assert said(means[0]) == "above none of the images"
    assert said(means[24]).startswith("above 5")
    assert said(means[24]).endswith(" % of the images")
    assert said(means[-1] + 1) == "above all images"


def test_another_channel_has_other_panels_and_nothing_is_scanned_twice(looking, monkeypatch):
    before = looking.panels["strongest"].image
    monkeypatch.setattr("featviz_helpers.explorer.archive.find_exemplars", pytest.fail)
    looking.choose(channel=5)
    looking.worker.finish()
    assert not np.array_equal(looking.panels["strongest"].image, before)
    with pytest.raises(ValueError, match="channels 0 to"):
        looking.choose(channel=5000)
    assert looking.channel == 5


def test_the_most_selective_channel_tells_a_class_best():
    rng = np.random.default_rng(0)
    answers, labels = rng.normal(size=(60, 4)), ["a"] * 20 + ["b"] * 40
    answers[:20, 2] += 2
    answers[:20, 1] *= 50  # loud, and no better for it
    answers[:, 3] = 7
    assert facts.most_selective(answers, labels, "a") == 2
    assert facts.most_selective(np.full((60, 2), 3.0), labels, "a") == 0


def test_a_class_is_looked_up_in_the_data(looking):
    label = looking.archive.labels[0]
    looking.choose_class(label)
    looking.worker.finish()
    answers = shapesnet().activations(np.stack([DATA.load(i, 64) for i in range(48)]), "mixed0").mean(axis=(1, 2))
    assert looking.channel == facts.most_selective(answers, DATA.labels, label)
    assert looking.panels["picture"].image is not None


@pytest.mark.slow
def test_what_an_atlas_has_is_there_at_once(atlas, monkeypatch):
    for place in ("archive.find_exemplars", "live.Stream"):
        monkeypatch.setattr(f"featviz_helpers.explorer.{place}", pytest.fail)
    found = fv.explore(shapesnet(), DATA, atlas=atlas, layer="mixed0", channel=3)
    store = layer_store.LayerStore.finished(atlas, shapesnet(), DATA, "mixed0")
    images, reached = store.pictures(0)
    assert f"activation {reached[3] + 0.0:.3g}" in found.panels["picture"].words
    times = found.panels["picture"].image.shape[0] // 32
    np.testing.assert_array_equal(found.panels["picture"].image[::times, ::times], images[3])
    assert "Strongest of 48 images" in repr(found)


@pytest.mark.slow
def test_an_atlas_of_other_images_is_refused_and_a_part_of_one_is_no_store(atlas, tmp_path):
    with pytest.raises(ValueError, match="belongs to another scan"):
        fv.explore(shapesnet(), fv.ShapesImages(48, 4), atlas=atlas, layer="mixed0")
    with pytest.raises(FileNotFoundError, match="There is no atlas in"):
        fv.explore(shapesnet(), DATA, atlas=tmp_path)
    assert layer_store.LayerStore.finished(atlas, shapesnet(), DATA, "mixed1") is None


def test_a_climb_goes_on_from_where_it_stands(looking):
    looking.change(steps=20)
    looking.climb()
    looking.worker.finish()
    first = looking.panels["climb"]
    assert "step 20:" in first.words
    looking.change(tv=0.1)
    looking.climb()
    looking.worker.finish()
    second = looking.panels["climb"]
    assert "step 40:" in second.words
    rough, smooth = (np.abs(np.diff(one.image.astype(float), axis=0)).mean() for one in (first, second))
    assert smooth < 0.9 * rough
    looking.restart()
    looking.climb()
    looking.worker.finish()
    assert "step 20:" in looking.panels["climb"].words


def test_stop_is_obeyed_and_what_comes_late_is_not_shown(looking, monkeypatch):
    """The slice that is being computed takes a while here; its picture must not appear after the stop."""
    began, may_end = threading.Event(), threading.Event()
    real = live.LiveClimb.go_on

    def slow(self, *args):
        taken = real(self, *args)
        if self.done > 8:
            began.set()
            may_end.wait(60)
        return taken

    monkeypatch.setattr(live.LiveClimb, "go_on", slow)
    looking.change(steps=10_000)
    looking.climb()
    looking.worker.start()
    assert began.wait(60)
    shown = looking.panels["climb"]
    began_stop = time.monotonic()
    looking.stop()
    assert time.monotonic() - began_stop < 1
    assert ("climbing", False) in looking.heard
    may_end.set()
    looking.worker.finish()
    assert looking.panels["climb"] is shown


def test_choosing_another_channel_ends_climb_and_picture_in_the_making(looking):
    looking.climb()
    looking.choose(channel=7)
    assert not looking.climbing
    looking.choose(channel=8)
    looking.worker.finish()
    assert looking.archive.picture("mixed0", 7, 1) is None
    assert looking.archive.picture("mixed0", 8, -1) is not None
    assert looking.panels["climb"].image is None


def test_a_channel_without_a_gradient_is_said(looking, monkeypatch):
    def dead(self, *args, **options):
        raise fv.common.errors.DeadStart("dark")

    monkeypatch.setattr(live.Stream, "take", dead)
    looking.choose(channel=9)
    looking.worker.finish()
    assert looking.panels["picture"].words == "Made to drive it: none, the start has no gradient"
    assert looking.panels["picture"].image is None
    looking.climb()
    looking.worker.start()
    wait(lambda: ("message", "dark") in looking.heard)
    assert not looking.climbing


def test_the_map_is_laid_over_any_image(looking, tmp_path):
    for image, words in ((OWN, "Its picture"), ("china", "china"), ("flower", "flower")):
        looking.look_at(image)
        looking.worker.finish()
        assert looking.panels["map"].words.startswith(f"{words}: highest place")
    assert not looking.upload("broken\n.png", b"no picture")
    assert looking.heard[-1][1].startswith("Not shown: broken .png cannot be read as an image")
    path = fv.save_image(pictures(1, 80)[0], tmp_path / "noise.png")
    assert looking.upload("noise.png", path.read_bytes())
    looking.worker.finish()
    answer = shapesnet().activations(fv.load_image(path, 64)[None], "mixed0")[0, ..., 3]
    assert f"highest place {answer.max():.3g}" in looking.panels["map"].words


def test_uploads_of_both_generations_of_widgets():
    seven = {"a.png": {"metadata": {"name": "a.png"}, "content": b"abc"}}
    eight = ({"name": "a.png", "type": "image/png", "content": memoryview(b"abc")},)
    assert uploads.uploaded(seven) == uploads.uploaded(eight) == [("a.png", b"abc")]
    assert uploads.uploaded({}) == uploads.uploaded(()) == []


def test_a_place_can_be_named_instead_of_clicked(looking):
    one = browser.Explorer(looking)
    label = one.labels[1]
    looking.worker.start()
    figure = one.go(label=label, image="china")
    assert looking.channel == looking.archive.most_selective("mixed0", label)
    assert one.panels["map"].words.startswith("china: highest place")
    assert len(figure.axes) == 6
    one.go(channel=5)
    assert looking.archive.picture("mixed0", 5, -1) is not None
    assert one.climbed is None
    looking.change(steps=4)
    looking.climb()
    looking.worker.finish()
    score = fv.score(shapesnet(), fv.channel("mixed0", 5), one.climbed[None])[0]
    shown = float(one.panels["climb"].words.split("activation ")[1].split(",")[0])
    assert shown == pytest.approx(float(score), rel=0.02)
    with pytest.raises(ValueError, match=r"no class 'blnak'.*did you mean blank"):
        one.go(label="blnak")
    with pytest.raises(ValueError, match="image must be one of"):
        one.go(image="rome")


@pytest.mark.slow
def test_class_scores_have_no_map_and_no_patches(short):
    found = fv.explore(shapesnet(), DATA, layer="logits", channel=2, k=4, size=64)
    assert "this layer has no map" in found.panels["map"].words
    assert found.panels["patches"].image is None
    assert found.panels["picture"].image is not None


def test_the_newest_request_of_a_kind_counts_and_an_error_ends_nothing():
    heard, done = [], threading.Event()
    worker = Worker(heard.append)
    worker.ask("a", lambda: heard.append("old"))
    worker.ask("a", lambda: heard.append("new"))
    worker.ask("b", lambda: 1 / 0)
    worker.ask("c", done.set)
    worker.start()
    assert done.wait(60)
    assert heard[0] == "new"
    assert isinstance(heard[1], ZeroDivisionError)
    worker.ask("d", done.clear)
    worker.finish()
    assert not done.is_set()


def test_widgets_tell_the_session_and_follow_it(looking):
    view = View(looking)
    view.channel.value = 6
    assert looking.channel == view.number.value == 6
    view.number.value = 2
    assert looking.channel == view.channel.value == 2
    most = shapesnet().layers["mixed2"] - 1
    looking.choose("mixed2", most)
    assert (view.layer.value, view.channel.max, view.channel.value) == ("mixed2", most, most)
    view.layer.value = "mixed0"
    assert view.channel.max == view.channel.value == looking.channel == shapesnet().layers["mixed0"] - 1
    view.sliders["tv"].value = 0.01
    assert looking.settings.tv == 0.01
    view.start.click()
    assert looking.climbing
    assert view.start.disabled
    assert not view.stop.disabled
    view.stop.click()
    assert not looking.climbing
    assert view.stop.disabled
    looking.worker.finish()
    assert view.images["picture"].value[:4] == b"\x89PNG"


def test_names_are_text_and_nothing_else(looking):
    view = View(looking)
    looking.say("<script>alert(1)</script>")
    assert "<script>" not in view.message.value
    assert "&lt;script&gt;" in view.message.value


def test_without_a_kernel_there_is_a_picture_and_no_error(looking, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    one = browser.Explorer(looking)
    one._ipython_display_()
    assert browser.WIDGET not in shown[0]
    assert {"image/png", "image/jpeg"} & shown[0].keys()
    assert shown[0]["text/plain"].startswith("channel 3 of mixed0, shapesnet\nMade to drive it")
    monkeypatch.setattr("IPython.get_ipython", lambda: type("Shell", (), {"kernel": None}))
    one._ipython_display_()
    assert shown[1][browser.WIDGET]["model_id"] == one.widget.model_id
    assert {"image/png", "image/jpeg"} & shown[1].keys()
    assert isinstance(one.widget, ipywidgets.VBox)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layer": "mixed9"}, "no layer 'mixed9'"),
        ({"channel": 500}, "channel must be a whole number from 0 to"),
        ({"k": 0}, "k must be a whole number from 1 to 48"),
        ({"size": 16}, "size must be a whole number from 32 to 512"),
        ({"seed": "one"}, "seed must be a whole number"),
        ({"data": "shapes"}, "data must be a set of images"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_found(changed, message, monkeypatch):
    monkeypatch.setattr(LayerFacts, "scan", pytest.fail)
    with pytest.raises(ValueError, match=message):
        fv.explore(shapesnet(), **{"data": DATA} | changed)


def test_one_damaged_image_is_left_out(tmp_path, short):
    for number, image in enumerate(fv.shapes.draw(12, 3).images):
        fv.save_image(image, tmp_path / "data" / f"{number:02d}.png") if number else (tmp_path / "data").mkdir()
    (tmp_path / "data" / "99.png").write_bytes(b"no image")
    data = fv.ImageFolder(tmp_path / "data")
    known = Archive(shapesnet(), data, k=2).layer("mixed0")
    with pytest.warns(UserWarning, match="could not be read"):
        answers = known.answers
    assert answers.shape == (11, shapesnet().layers["mixed0"])
    assert known.field.size


def test_a_layer_that_is_no_choice_of_the_slider_becomes_one(looking):
    view = View(looking)
    other = next(layer for layer in shapesnet().layers if layer not in view.layer.options)
    looking.choose(layer=other)
    assert view.layer.value == other


def test_no_map_of_another_channel_stays():
    found = object.__new__(Session)
    found.layer, found.channel, found.image, found.listen = "l", 4, OWN, lambda *_: None
    here = SimpleNamespace(layer="l")
    dead = SimpleNamespace(size=8)
    found.archive = SimpleNamespace(layer=lambda _: here, backbone=dead, picture=lambda *_: session.NOTHING)
    found.panels = {"map": panels.Panel(np.zeros((1, 1, 3), np.uint8), "Its picture: of channel 3")}
    found._map()
    assert found.panels["map"].image is None


def test_a_climb_that_is_begun_during_a_slice_has_all_its_steps(looking, monkeypatch):
    real, pressed = live.LiveClimb.go_on, []

    def pressing(self, *arguments):
        taken = real(self, *arguments)
        if self.done >= 18 and not pressed:
            pressed.append(True)
            looking.restart()
            looking.climb()
        return taken

    monkeypatch.setattr(live.LiveClimb, "go_on", pressing)
    looking.change(steps=20)
    looking.climb()
    looking.worker.finish()
    assert "step 20:" in looking.panels["climb"].words


def test_lists_say_what_is_shown(looking):
    view = View(looking)
    browser.Explorer(looking).go(image="china")
    assert view.image.value == View(looking).image.value == "china"
    view = View(looking)
    view.classes.value = looking.archive.labels[0]
    looking.worker.finish()
    looking.choose(channel=looking.channel + 1)
    assert view.classes.value == "choose a class"

"""Distances: the published reference values, and that sets, pairs and matrices tell the same story."""

import functools
import subprocess
import sys

import featviz_helpers as fv
import numpy as np
import pytest
from click.testing import CliRunner
from featviz_helpers.assets import fetch as fetching
from featviz_helpers.assets import locate as assets_module
from featviz_helpers.cli.main import main
from featviz_helpers.common.errors import MissingWeights
from featviz_helpers.metrics import lpips_distance
from skimage.metrics import structural_similarity
from support.networks import pictures

BUNDLED = ["shapesnet", "ssim", "pixels"]
LPIPS_REFERENCE = {"alex": (0.7219, 0.1376), "squeeze": (0.7110, 0.1479)}
distance = functools.cache(fv.distance)


def reference(assets):
    return [fv.load_image(assets / "data" / "lpips_reference" / f"ex_{name}.png")[None] for name in ("ref", "p0", "p1")]


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("net", LPIPS_REFERENCE)
def test_the_published_reference_values(assets, net):
    first, far, near = reference(assets)
    found = distance(net).pairs(np.concatenate([first, first]), np.concatenate([far, near]))
    np.testing.assert_allclose(found, LPIPS_REFERENCE[net], atol=5e-4)
    # The embedding is another road to the same number.
    embedded = distance(net).matrix(first, np.concatenate([far, near]))[0]
    np.testing.assert_allclose(embedded, found, atol=1e-5)


@pytest.mark.real
@pytest.mark.slow
def test_lpips_of_sets_is_the_mean_over_pairs(assets):
    check_sets(distance("alex"), 65)


@pytest.mark.slow
@pytest.mark.parametrize("net", BUNDLED)
def test_a_distance_to_sets_is_the_mean_over_pairs(net):
    check_sets(distance(net), 40)


def check_sets(judge, size):
    images, members = pictures(17, size), pictures(5, size, seed=1)  # 17: more than one batch
    sets = {"a": members[:2], "b": members[2:]}
    summary = judge.summarise(sets)
    one_by_one = np.array([[judge.pairs(x[None], m[None])[0] for m in members] for x in images])
    expected = np.stack([one_by_one[:, :2].mean(axis=1), one_by_one[:, 2:].mean(axis=1)], axis=1)
    np.testing.assert_allclose(judge.to_sets(images, summary), expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(judge.matrix(images[:3], members), one_by_one[:3], rtol=1e-3, atol=1e-5)
    batch = judge.pairs(images, np.repeat(members[:1], 17, axis=0))
    np.testing.assert_allclose(batch, one_by_one[:, 0], rtol=1e-4, atol=1e-6)
    others = [judge.pairs(members[i][None], members[j][None])[0] for i, j in ((2, 3), (2, 4), (3, 4))]
    expected = [(others[0] + others[1]) / 2, (others[0] + others[2]) / 2, (others[1] + others[2]) / 2]
    np.testing.assert_allclose(judge.within(summary, sets)[1], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("net", BUNDLED)
def test_equal_pictures_are_at_zero_and_order_does_not_matter(net):
    first, second = pictures(2, 40), pictures(2, 40, seed=1)
    np.testing.assert_allclose(distance(net).pairs(first, first), 0, atol=1e-6)
    there, back = distance(net).pairs(first, second), distance(net).pairs(second, first)
    assert there.min() > 0.01
    np.testing.assert_allclose(there, back, rtol=1e-5)


def test_the_humble_ones_are_what_they_say():
    first, second = pictures(1, 40), pictures(1, 40, seed=1)
    np.testing.assert_allclose(distance("pixels").pairs(first, second), np.square(first - second).mean(), rtol=1e-5)
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    bytes_ = [127.5 * (x[0] + 1) for x in (first, second)]
    channels = [structural_similarity(bytes_[0][..., c], bytes_[1][..., c], **options) for c in range(3)]
    np.testing.assert_allclose(distance("ssim").pairs(first, second), 1 - np.mean(channels), atol=1e-4)


@pytest.mark.slow
def test_the_shapesnet_distance_is_the_unweighted_form_of_lpips():
    first, second = pictures(1, 64), pictures(1, 64, seed=1)
    total, backbone = 0.0, distance("shapesnet").backbone
    for layer in ("mixed0", "mixed1", "mixed2", "mixed3", "mixed4"):
        a, b = (backbone.activations(x, layer) for x in (first, second))
        a, b = (x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-10) for x in (a, b))
        total += np.square(a - b).sum(axis=-1).mean()
    np.testing.assert_allclose(distance("shapesnet").pairs(first, second), total, rtol=1e-4)
    assert "LPIPS-form" in distance("shapesnet").label, "it must never pass for the published LPIPS"


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.full((1, 40, 40, 3), 1.2, np.float32), "to 1.2"),
        (np.zeros((1, 40, 40, 3), np.uint8) + 200, "from_uint8"),
        (np.full((1, 40, 40, 3), np.nan, np.float32), "dead start"),
        (np.zeros((40, 40, 3), np.float32), r"\(N, H, W, 3\)"),
    ],
)
def test_what_is_not_a_picture_is_refused(images, says):
    fine = pictures(1, 40)
    for call in (lambda: distance("pixels").pairs(images, fine), lambda: distance("pixels").matrix(fine, images)):
        with pytest.raises(ValueError, match=says):
            call()


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="same shape"):
        distance("pixels").pairs(pictures(1, 40), pictures(1, 48))
    with pytest.raises(ValueError, match="40 x 40 pixels and those of the sets 48 x 48"):
        distance("pixels").matrix(pictures(1, 40), pictures(1, 48))
    for name in ("pixels", "shapesnet", "shapesnet-place-free", "ssim"):  # as many pixels, in another shape
        judge, sets = distance(name), {"a": np.zeros((2, 64, 64, 3), np.float32)}
        with pytest.raises(ValueError, match="32 x 128 pixels and those of the sets 64 x 64"):
            judge.to_sets(np.zeros((1, 32, 128, 3), np.float32), judge.summarise(sets))


def test_sets_belong_to_the_distance_that_summarised_them_and_have_one_size():
    pixels, ssim = distance("pixels"), distance("ssim")
    sets = {"a": pictures(2, 40), "b": pictures(2, 48)}
    with pytest.raises(ValueError, match="one size can be compared with; got 40 x 40 and 48 x 48"):
        pixels.summarise(sets)
    with pytest.raises(ValueError, match="got no set"):
        pixels.summarise({})
    with pytest.raises(ValueError, match="has to do that itself"):
        ssim.to_sets(pictures(1, 40), pixels.summarise({"a": pictures(2, 40)}))
    with pytest.raises(ValueError, match="'a' has fewer"):
        pixels.within(pixels.summarise({"a": pictures(1, 40)}), {"a": pictures(1, 40)})


def check_minimum(judge):
    size = judge.min_size
    wide = pictures(1, 64)[:, :size]
    assert np.isfinite(judge.pairs(wide, wide)).all() and np.isfinite(judge.matrix(wide, wide)).all()
    small = wide[:, : size - 1]
    for call in (judge.pairs, judge.matrix):
        with pytest.raises(ValueError, match=rf"needs at least {size} pixels on each side, got {size - 1} x 64"):
            call(small, small)
    with pytest.raises(Exception, match=r".+"):  # it really is the smallest
        judge._pairs(small, small)


@pytest.mark.parametrize("net", ["shapesnet", "ssim"])
def test_pictures_that_are_too_small_are_refused(net):
    check_minimum(distance(net))


@pytest.mark.slow
@pytest.mark.parametrize(("net", "name"), [("alex", "alexnet"), ("squeeze", "squeezenet1_1"), ("vgg", "vgg16")])
def test_lpips_refuses_pictures_that_are_too_small(tmp_path, net, name):
    torch, _ = lpips_distance._import()
    from torchvision.models import get_model

    untrained = get_model(name, weights=None).state_dict()
    torch.save({key: value for key, value in untrained.items() if key.startswith("features")}, tmp_path / "net.pth")
    check_minimum(lpips_distance.LPIPS(net, tmp_path / "net.pth"))


class Marker:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.slow
def test_a_file_that_is_no_state_dict_of_the_network_is_refused_and_runs_nothing(tmp_path):
    torch, _ = lpips_distance._import()
    path, marker = tmp_path / "net.pth", tmp_path / "marker"
    odd = {
        "hostile": {"features.0.weight": Marker(marker)},
        "a list": [1, 2],
        "a number": 5,
        "another shape": {f"features.{i}.{k}": torch.zeros(1) for i in range(12) for k in ("weight", "bias")},
        "nothing": {},
    }
    for content in odd.values():
        torch.save(content, path)
        with pytest.raises(ValueError, match=r"net\.pth' does not hold the weights of AlexNet: "):
            lpips_distance.LPIPS("alex", path)
    for content in (b"", b"text", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="does not hold the weights of AlexNet"):
            lpips_distance.LPIPS("alex", path)
    assert not marker.exists()


def test_unknown_names_and_missing_weights_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="alex"):
        fv.distance("alexx")
    monkeypatch.setenv("FEATVIZ_ASSETS", str(tmp_path))
    monkeypatch.setattr(assets_module, "user_folder", lambda: tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match=r"featviz fetch alexnet.*distance\('shapesnet'\)"):
        fv.distance("alex")
    asked = []
    monkeypatch.setattr(fetching, "fetch", lambda name: asked.append(name) or tmp_path / "nowhere.pth")
    with pytest.raises(MissingWeights):  # what was fetched is what is loaded
        fv.distance("alex", download=True)
    assert asked == ["alexnet"]


@pytest.mark.slow
@pytest.mark.real
def test_the_weights_of_another_network_are_refused(assets):
    with pytest.raises(ValueError, match="does not hold the weights of AlexNet: it has no features"):
        lpips_distance.LPIPS("alex", assets / "weights" / "squeezenet1_1_features.pth")


@pytest.mark.real
@pytest.mark.slow
def test_lpips_and_tensorflow_live_in_one_process(assets):
    code = "import tensorflow, featviz_helpers as fv; print(fv.distance('alex').label)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "LPIPS (AlexNet v0.1)", done.stderr[-2000:]


def test_the_command_prints_one_number(tmp_path):
    paths = [str(fv.save_image(picture, tmp_path / f"{i}.png")) for i, picture in enumerate(pictures(2, 40))]
    done = CliRunner().invoke(main, ["distance", *paths, "--net", "pixels"])
    assert done.exit_code == 0, done.output
    expected = np.square(fv.load_image(paths[0]) - fv.load_image(paths[1])).mean()
    assert float(done.stdout) == pytest.approx(expected, abs=1e-4)
    fv.save_image(pictures(1, 48)[0], tmp_path / "large.png")
    done = CliRunner().invoke(main, ["distance", paths[0], str(tmp_path / "large.png"), "--net", "pixels"])
    assert done.exit_code == 0
    assert float(done.stdout) > 0
    assert "brought to 40 x 40" in done.stderr


def test_the_command_refuses_what_it_cannot_read(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    path = str(fv.save_image(pictures(1, 40)[0], tmp_path / "fine.png"))
    for arguments in ([path, str(tmp_path / "text.png")], [path, path, "--net", "alexx"], [path]):
        assert CliRunner().invoke(main, ["distance", *arguments]).exit_code == 2


def check_place_free(net, size, shift):
    """A picture that was rolled is near itself, and far by the distance that compares place by place."""
    images = np.stack([fv.photograph("china", size), fv.photograph("flower", size)])
    rolled = np.roll(images[:1], (shift, shift), axis=(1, 2))
    by_place, free = (
        distance(name).pairs(np.repeat(images[:1], 2, axis=0), np.concatenate([rolled, images[1:]]))
        for name in (net, f"{net}-place-free")
    )
    assert free[0] / free[1] < 0.35 < 0.5 < by_place[0] / by_place[1]


@pytest.mark.slow
def test_a_place_free_distance_does_not_see_a_shift():
    check_place_free("shapesnet", 64, 9)
    check_sets(distance("shapesnet-place-free"), 40)


@pytest.mark.real
@pytest.mark.slow
def test_a_place_free_distance_on_alexnet_does_not_see_a_shift(assets):
    check_place_free("alex", 224, 32)
    check_sets(distance("alex-place-free"), 65)

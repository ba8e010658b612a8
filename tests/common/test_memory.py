"""Too little memory, in earnest: TensorFlow is asked for more than there is."""

import os
import re
import subprocess
import sys

import featviz_helpers as fv
import numpy as np
import psutil
import pytest
import tensorflow as tf
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.common import memory, provenance
from featviz_helpers.common.errors import TooLittleMemory
from featviz_helpers.common.memory import enough_memory, free_memory
from featviz_helpers.models import load
from support.networks import shapesnet

OOM = r"\(OOM when allocating tensor with shape ?\[[\d,]+\]\)"
# A network that magnifies: 64 pictures of 256 pixels need 275 GB. (A convolution without memory ends the process.)
WIDE = """
import re, resource, sys
import keras
import numpy as np
import featviz_helpers as fv
from featviz_helpers.common.errors import TooLittleMemory
from featviz_helpers.exemplars.embeddings import embed

image = keras.Input((None, None, 3))
wide = keras.layers.UpSampling2D(64, name="wide")(keras.layers.Conv2D(4, 3, activation="relu")(image))
backbone = fv.Backbone(keras.Model(image, wide), "wide")
used = int(re.search(r"VmSize:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 2**30,) * 2)  # where the machine promises what it does not have
images, data, channel = np.zeros((64, 256, 256, 3), np.float32), fv.ShapesImages(64), fv.channel("wide", [0] * 64)
calls = {
    "maximize": lambda: fv.maximize(backbone, channel, size=256, seed=list(range(64)), batch=64, steps=2),
    "activations": lambda: backbone.activations(images, "wide", batch=64),
    "find_exemplars": lambda: fv.find_exemplars(backbone, data, "wide", k=1, size=256, batch=64),
    "embed": lambda: embed(backbone, images, "wide", batch=64),
}
for name, call in calls.items():
    try:
        call()
    except TooLittleMemory as error:
        print(name, type(error.__cause__).__name__, error, sep="|")
print(len(data.damaged), "damaged")
small = fv.maximize(backbone, fv.channel("wide", [0]), size=16, steps=2, progress=False)
assert small.images.shape == (1, 16, 16, 3) and np.isfinite(small.images).all()
"""


@pytest.mark.slow
@pytest.mark.nightly  # TensorFlow waits ten seconds for memory before it gives up, four times
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")
def test_a_batch_that_is_too_large_is_named_wherever_it_is_too_large():
    done = subprocess.run([sys.executable, "-c", WIDE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    *lines, damaged = done.stdout.splitlines()
    said = {name: (cause, text) for name, cause, text in (line.split("|") for line in lines)}
    assert said.keys() == {"maximize", "activations", "find_exemplars", "embed"}
    for cause, text in said.values():
        assert cause == "ResourceExhaustedError"
        pattern = rf"There is too little memory for 64 pictures of 256 x 256 pixels at once {OOM}\. "
        assert re.fullmatch(pattern + r"Work on fewer at once, such as batch=32, or ask for smaller ones\.", text), text
    assert damaged == "0 damaged"


def write_group(folder, monkeypatch, files):
    """Let this process be in a container whose limits are these."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n")
    monkeypatch.setattr(memory, "GROUPS", folder)
    monkeypatch.setattr(provenance, "GROUPS", folder)


VERSION_2 = {"memory.max": "900", "memory.current": "700", "memory.stat": "anon 300\ninactive_file 400"}
VERSION_1 = {
    "memory/memory.limit_in_bytes": "900", "memory/memory.usage_in_bytes": "700",
    "memory/memory.stat": "cache 400\ntotal_inactive_file 400",
}  # fmt: skip


@pytest.mark.parametrize("files", [VERSION_2, VERSION_1])
def test_a_container_has_the_memory_of_its_limit_and_what_is_kept_of_files_counts_as_free(tmp_path, monkeypatch, files):
    write_group(tmp_path, monkeypatch, files)
    assert free_memory() == 600 and memory.memory() == 900
    assert memory.pixels_at_once() == 8 * 224 * 224
    write_group(tmp_path, monkeypatch, dict.fromkeys(files, "max"))
    assert free_memory() > 1_000_000 and memory.memory() == psutil.virtual_memory().total


@pytest.mark.parametrize(
    "files", [{"cpu.max": "150000 100000"}, {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}]
)
def test_a_container_has_the_cores_of_its_share(tmp_path, monkeypatch, files):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    write_group(tmp_path, monkeypatch, files)
    assert provenance.cpu_count() == 1
    write_group(tmp_path, monkeypatch, {name: "max 100000" if name == "cpu.max" else "-1" for name in files})
    assert provenance.cpu_count() == 64


@pytest.fixture(scope="module")
def exhaust():
    """What raises TensorFlow's own error, which TensorFlow itself takes ten seconds for."""
    with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        tf.zeros([2**31, 2**12])

    def exhaust(*arguments, **options):
        raise caught.value

    return exhaust


@pytest.mark.slow
def test_one_picture_and_pictures_that_belong_together_get_other_advice(exhaust):
    one = rf"for a picture of 8 x 9 pixels {OOM}\. Ask for a smaller one\.$"
    with pytest.raises(TooLittleMemory, match=one), enough_memory(1, (8, 9)):
        exhaust()
    together = rf"for 3 pictures of 8 x 9 .* {OOM}\. Ask for fewer, or ask for smaller"
    with pytest.raises(TooLittleMemory, match=together), enough_memory(3, (8, 9), splits=False):
        exhaust()
    with (
        pytest.raises(TooLittleMemory, match=r"at once \(Unable to allocate .* float64\)\. Work"),
        enough_memory(2, (8, 9)),
    ):
        np.zeros(2**50)
    with pytest.raises(TooLittleMemory, match=r"at once \(no room\)\. Work"), enough_memory(2, (8, 9)):
        raise TypeError("Binding inputs to tf.function failed due to `no room`") from MemoryError("no room\nat all")
    with pytest.raises(TypeError, match="another"), enough_memory(2, (8, 9)):
        raise TypeError("another fault")


@pytest.mark.slow
def test_an_image_for_which_there_is_no_memory_is_not_damaged(monkeypatch, tmp_path, exhaust):
    for number, image in enumerate(fv.shapes.draw(10, 11).images):
        fv.save_image(image, tmp_path / f"{number}.png")
    data = fv.ImageFolder(tmp_path)
    monkeypatch.setattr(fv.ImageFolder, "pixels", exhaust)
    with pytest.raises(TooLittleMemory, match=r"for 8 pictures of 64 x 64 pixels at once"):
        fv.find_exemplars(shapesnet(), data, "mixed0", k=1, batch=8)
    assert not data.damaged


def test_a_command_says_it_in_one_sentence_and_goes_on_later(monkeypatch, tmp_path, exhaust):
    monkeypatch.setattr(load, "load_model", lambda *_: shapesnet())
    command = ["exemplars", "mixed0", "--model", "shapesnet", "--data", "shapes", "--count", "20", "--k", "1"]
    with monkeypatch.context() as short:
        short.setattr("featviz_helpers.exemplars.scan.compiled_pooling", lambda *_: exhaust)
        full = CliRunner().invoke(main, [*command, "--batch", "10", "--out", str(tmp_path)])
    assert full.exit_code == 1 and len(full.output.splitlines()) == 1, full.output
    assert full.output.startswith("Error: There is too little memory for 10 pictures of 64 x 64 pixels at once (OOM")
    done = CliRunner().invoke(main, [*command, "--batch", "5", "--out", str(tmp_path)])
    assert done.exit_code == 0 and "20 images, " in done.output, done.output

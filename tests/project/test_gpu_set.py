"""The set for a machine with a card: TensorFlow's CUDA libraries and torch's are the same files, and they load.

dlopen needs no card, so the libraries are tried wherever the set is installed; libcuda alone belongs to the driver.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement

# What TensorFlow opens before it lists a GPU, with the major versions that belong to CUDA 12; cuDNN's is its own.
OPENED = {
    "cuda_runtime": "cudart.so.12", "cublas": "cublas.so.12", "cufft": "cufft.so.11", "cusolver": "cusolver.so.11",
    "cusparse": "cusparse.so.12", "cuda_cupti": "cupti.so.12", "cudnn": "cudnn.so.{cudnn_version}",
}  # fmt: skip
# Opened by what is in OPENED, or by XLA.
MORE = (
    "cublas/lib/libcublasLt.so.12",
    "cudnn/lib/libcudnn_ops.so.9",
    "nvjitlink/lib/libnvJitLink.so.12",
    "nccl/lib/libnccl.so.2",
)
TRIAL = """
import ctypes, json, mmap, pathlib, sys
import tensorflow as tf
opened, more = json.loads(sys.argv[1])
build, home = tf.sysconfig.get_build_info(), pathlib.Path(tf.__file__).parent.parent / "nvidia"
with open(home.parent / "tensorflow" / "libtensorflow_framework.so.2", "rb") as file:
    text = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    unsearched = [name for name in opened if text.find(f"$ORIGIN/../nvidia/{name}/lib".encode()) < 0]
for name, library in opened.items():
    ctypes.CDLL(str(home / name / "lib" / f"lib{library.format(**build)}"))
for path in more:
    ctypes.CDLL(str(home / path))
import lpips, torch
mapped = {line.split()[-1] for line in open("/proc/self/maps") if "/lib" in line and ".so" in line}
cuda = [p for p in mapped if pathlib.Path(p).name.startswith(("libcu", "libnv", "libnccl"))]
tools = ("cuda_nvcc/bin/ptxas", "cuda_nvcc/nvvm/libdevice/libdevice.10.bc")
tools = [path for path in tools if not (home / path).is_file()]
print(json.dumps({"build": build, "unsearched": unsearched, "cuda": sorted(cuda), "home": str(home), "tools": tools,
                  "torch": torch.version.cuda}))
"""


@pytest.fixture
def pins(root):
    lines = (root / "requirements-gpu.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith((" ", "#"))]


def on_linux(pins):
    machine = {"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.12.0"}
    return {
        pin.name: pin for pin in pins if pin.marker is None or pin.marker.evaluate(machine | {"python_version": "3.12"})
    }


def test_one_cuda_for_tensorflow_and_torch(pins):
    """cuDNN and NCCL of two CUDA versions lie in one folder, and the one installed last is what both would open."""
    names = on_linux(pins).keys()
    assert {"tensorflow", "torch", "torchvision", "lpips", "nvidia-cudnn-cu12", "nvidia-cuda-nvcc-cu12"} <= names
    assert [name for name in names if name.startswith("nvidia-") and not name.endswith("-cu12")] == []


def test_both_sets_have_one_version_of_all_that_makes_a_picture(root, pins):
    lines = (root / "requirements.txt").read_text().splitlines()
    plain = on_linux(Requirement(line) for line in lines if line and not line.startswith((" ", "#")))
    card = on_linux(pins)
    for name in ("tensorflow", "keras", "numpy", "scipy", "lpips", "pillow", "scikit-image"):
        assert plain[name].specifier == card[name].specifier, name


@pytest.mark.slow
def test_every_library_that_tensorflow_opens_loads_from_the_environment():
    try:
        version("nvidia-cudnn-cu12")
    except PackageNotFoundError:
        pytest.skip("the set for a machine with a card is not installed here: make setup GPU=1")
    given = [sys.executable, "-c", TRIAL, json.dumps([OPENED, MORE])]
    done = subprocess.run(given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["build"]["is_cuda_build"] and found["build"]["cuda_version"].startswith("12.")
    assert found["torch"].startswith("12.")
    assert found["unsearched"] == [], "folders that this build of TensorFlow does not search"
    assert found["tools"] == [], "what XLA compiles with"
    assert len(found["cuda"]) >= len(OPENED) + len(MORE)
    assert [path for path in found["cuda"] if not path.startswith(sys.prefix)] == []

"""Shared by all tests: no progress bars, real weights and images where there are any."""

import os
import random
import signal
from pathlib import Path

# Before anything imports TensorFlow, and inherited by every process that a test starts.
os.environ["TQDM_DISABLE"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as the package does, also where a test imports TensorFlow first
if "PYTEST_XDIST_WORKER" in os.environ:
    # The cores are shared out, as `featviz run` does: threads for every core in each process stand in each other's way.
    share = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(share))
if os.environ.get("FEATVIZ_ASSETS"):
    os.environ["FEATVIZ_ASSETS"] = str(Path(os.environ["FEATVIZ_ASSETS"]).resolve())

import hypothesis
import pytest
from support.scheduling import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401

# What a shell starts in the background ignores Ctrl-C, and under nohup a terminal that is closed, and hands that on;
# some tests do both.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# The same examples in every run, so that `make test` does not depend on luck; at night fresh ones are drawn, and a
# failure becomes an @example. Without a deadline, which a busy machine would miss.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("fresh", print_blob=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def same_weights_every_time() -> None:
    """Let a network that a test builds begin with the same weights in every run: Keras draws their seeds from here."""
    random.seed(0)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real weights and images."""
    folder = os.environ.get("FEATVIZ_ASSETS", "")
    if not folder:
        pytest.skip("FEATVIZ_ASSETS is not set: no folder with real weights/ and data/")
    if not (Path(folder) / "weights").is_dir():
        pytest.skip(f"FEATVIZ_ASSETS={folder} has no weights/ in it")
    return Path(folder)

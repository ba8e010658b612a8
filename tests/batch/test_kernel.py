"""One kernel for many notebooks: nothing is carried over, and a dead one is noticed."""

import time

import pytest
from featviz_helpers.batch.run import execute_run

WRITES_A_MODULE = """
open("mine.py", "w").write(f"N = {NUMBER}")
import mine
assert mine.N == NUMBER, "another run's module"
"""


LEAVES_A_THREAD = """
import os, threading, time
def late(sleep=time.sleep, open=open):
    sleep(1)
    open("late", "w").close()
if NUMBER == 1:
    threading.Thread(target=late).start()
time.sleep(1.5 * (NUMBER - 1))
assert not os.path.exists("late"), "another run wrote here"
"""


SETS_HOW_THINGS_ARE_SHOWN = """
import warnings
import numpy as np
import pandas as pd
shown = repr(np.array([1 / 3])), repr(pd.Series(range(100)))
assert len(shown[0]) > 12 and ".." in shown[1], "another notebook set how numbers are shown"
with np.errstate(all="ignore") if NUMBER == 1 else warnings.catch_warnings():
    warnings.simplefilter("ignore") if NUMBER > 1 else None
    np.float32(1) / np.float32(0)
np.seterr(all="raise")
np.set_printoptions(precision=1)
pd.set_option("display.max_rows", 500)
warnings.simplefilter("error")
"""


SETS_OPTIONS = """
import random
import warnings
import matplotlib
import numpy as np
import pandas as pd
options = [
    str(np.geterrcall()), np.getbufsize(), pd.get_option("io.parquet.engine"),
    matplotlib.rcParams["image.cmap"],
    matplotlib.rcParams["timezone"], warnings.formatwarning.__name__, warnings.showwarning.__name__,
]
assert options == ["None", 8192, "auto", "viridis", "UTC", "formatwarning", "showwarning"], options
drawn = np.random.rand(), random.random()
seeded = np.random.RandomState(0).rand(), random.Random(0).random()
assert drawn[0] != seeded[0] and drawn[1] != seeded[1], "another notebook's seed"
np.seterrcall(print)
np.setbufsize(32768)
np.random.seed(0)
random.seed(0)
pd.set_option("io.parquet.engine", "pyarrow")
matplotlib.rcParams |= {"image.cmap": "gray", "timezone": "Asia/Tokyo"}
warnings.formatwarning = warnings.showwarning = lambda *_, **__: ""
warnings.simplefilter("error")
"""


SETS_KERAS_SEED = """
import keras, tensorflow as tf
if NUMBER == 1:
    keras.utils.set_random_seed(0)
seeds = tf.random.uniform([1]).numpy()[0], float(keras.random.uniform([1])[0])
if NUMBER == 1:
    keras.utils.set_random_seed(0)
    open("../../seeds", "w").write(repr([float(seed) for seed in seeds]))
else:
    assert all(new != old for new, old in zip(seeds, eval(open("../../seeds").read()))), "another notebook's seed"
"""


DIES_AFTERWARDS = """
import os
class Last:
    def __del__(self, end=os._exit):
        end(1)
last = Last()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [WRITES_A_MODULE, LEAVES_A_THREAD, SETS_HOW_THINGS_ARE_SHOWN, SETS_OPTIONS, SETS_KERAS_SEED, "exit()"],
    ids=["module", "thread", "shown", "options", "seed", "exit"],
)
def test_a_kept_kernel_carries_nothing_over(requests_of, source):
    for request in requests_of(source):
        assert execute_run(request).status == "ok"


@pytest.mark.slow
def test_a_kernel_that_dies_between_two_notebooks_is_noticed_at_once(requests_of):
    first, second = requests_of(DIES_AFTERWARDS)
    execute_run(first)
    began = time.monotonic()
    execute_run(second)
    assert time.monotonic() - began < 60, "it waited for a dead kernel"


@pytest.mark.slow
def test_a_worker_keeps_its_kernel(requests_of, tmp_path):
    for request in requests_of("import os\nopen('pid', 'w').write(str(os.getpid()))"):
        execute_run(request)
    assert len({path.read_text() for path in (tmp_path / "out" / "runs").rglob("pid")}) == 1

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
    [WRITES_A_MODULE, LEAVES_A_THREAD, SETS_HOW_THINGS_ARE_SHOWN, "exit()"],
    ids=["module", "thread", "shown", "exit"],
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

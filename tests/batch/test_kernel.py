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


DIES_AFTERWARDS = """
import os
class Last:
    def __del__(self, end=os._exit):
        end(1)
last = Last()
"""


@pytest.mark.slow
@pytest.mark.parametrize("source", [WRITES_A_MODULE, LEAVES_A_THREAD, "exit()"], ids=["module", "thread", "exit"])
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

"""One kernel that runs notebook after notebook: TensorFlow is imported and a network traced once, not each time.

Between two notebooks the kernel forgets every name, closes every figure, goes to another folder and puts back what was
there when it was new: the options of NumPy, pandas and matplotlib, which warnings are shown and how, and random numbers
without a seed. What stays is what modules keep: imports, loaded networks, compiled steps; and what a notebook sets for
its whole process: os.environ, sys.path, Keras's own settings.
Run notebooks that do that with `--fresh`. A kernel in which a notebook failed is replaced.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_core.utils import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from ..models.cache import ENVIRONMENT as KEEP_MODELS
from ..runner.notebook import KERNEL_ARGUMENTS, run_papermill

MOST_RUNS = 200  # a bound on what modules may pile up
START_SECONDS = 120
REMEMBER = """
import warnings
get_ipython().first_warnings = warnings.filters[:], warnings.showwarning, warnings.formatwarning
del warnings
"""
ENTER_FOLDER = "import os; os.chdir({folder!r}); del os"
CLEAN_UP = """
assert not get_ipython().exit_now  # after exit() it is about to end
get_ipython().reset(new_session=True, aggressive=False)
import gc, os, random, sys, threading, warnings
warnings.resetwarnings()
warnings.filters[:], warnings.showwarning, warnings.formatwarning = get_ipython().first_warnings
warnings._filters_mutated() if hasattr(warnings, "_filters_mutated") else None
run_folder = os.path.join({run!r}, "")
for name, module in list(sys.modules.items()):
    if str(getattr(module, "__file__", "")).startswith(run_folder):
        del sys.modules[name]  # the next notebook writes and imports one of its own
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
if "numpy" in sys.modules:
    sys.modules["numpy"].seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    sys.modules["numpy"].seterrcall(None)
    sys.modules["numpy"].setbufsize(8192)
    sys.modules["numpy"].random.seed()
    sys.modules["numpy"].set_printoptions(
        edgeitems=3, infstr="inf", linewidth=75, nanstr="nan", precision=8, suppress=False, threshold=1000,
        formatter=None, sign="-", floatmode="maxprec", legacy=False,
    )
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # some options are deprecated, and put back all the same
    if "pandas" in sys.modules:
        sys.modules["pandas"].reset_option("all")
    if "matplotlib" in sys.modules:
        first = dict.items(sys.modules["matplotlib"].rcParamsOrig)  # as its file of settings has them
        sys.modules["matplotlib"].rcParams.update(
            {{key: value for key, value in first if key not in ("backend", "backend_fallback", "interactive")}}
        )
        del first
random.seed()
if "tensorflow.python.eager.context" in sys.modules:
    if sys.modules["tensorflow.python.eager.context"].global_seed() is not None:
        sys.modules["tensorflow"].random.set_seed(None)
if "keras.src.backend.common.global_state" in sys.modules:
    for name in ("global_random_seed", "global_seed_generator"):
        sys.modules["keras.src.backend.common.global_state"].set_global_attribute(name, None)
gc.collect()
gc.freeze()  # what is left belongs to modules; to look through all of TensorFlow after every run takes longer than most
os.chdir({folder!r})
# A thread that is still at work would write into the folder of the next notebook.
assert all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate())
del gc, run_folder, module, name, os, random, sys, threading, warnings
"""


class KernelLost(RuntimeError):
    """The kernel of a worker cannot be started, or died before the notebook began."""


class KeptKernel(Engine):
    """papermill's own engine, except that it is given the kernel and the connections to it, and leaves both."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """See `papermill.engines.Engine`."""
        client = PapermillNotebookClient(nb_man, km=options["km"], kernel_name=kernel_name, timeout=options["timeout"])
        client.kc = options["kc"]
        try:
            client.execute()
        except BaseException:
            nbformat.write(nb_man.nb, options["path"])  # papermill writes it only when a cell has failed
            raise


papermill_engines.register("kept", KeptKernel)


class Kernel:
    """A kernel for one notebook after the other.

    Args:
        environment: variables for it, beyond those of this process.
        max_runs: notebooks before it is replaced; 1 gives each its own.
    """

    def __init__(self, environment: Mapping[str, str], max_runs: int = MOST_RUNS) -> None:
        self.environment, self.max_runs = dict(environment), max_runs
        self.runs = 0
        self._manager: AsyncKernelManager | None = None
        self._client: AsyncKernelClient | None = None
        # The connections belong to one event loop, and jupyter_core keeps one loop per thread: so all is done there.
        self._thread = ThreadPoolExecutor(1)
        atexit.register(self._end)

    def run(self, notebook: nbformat.NotebookNode, parameters: Mapping, folder: Path, limit_s: float | None) -> None:
        """Execute a notebook in a folder and leave run.ipynb there, also when it fails.

        Args:
            notebook: the notebook.
            parameters: what papermill sets.
            folder: its working folder.
            limit_s: seconds that a cell may take.

        Raises:
            papermill.PapermillExecutionError: a cell failed.
            nbclient.exceptions.DeadKernelError, CellTimeoutError: the kernel died, or a cell took too long.
            KernelLost: no kernel could be started.
        """
        self._thread.submit(self._run, notebook, parameters, folder, limit_s).result()

    def stop(self) -> None:
        """End the kernel at once; it holds nothing worth saving."""
        self._thread.submit(self._end).result()

    def _run(self, notebook: nbformat.NotebookNode, parameters: Mapping, folder: Path, limit_s: float | None) -> None:
        if self.runs >= self.max_runs:
            self._end()
        self._enter(folder)
        self.runs += 1
        try:
            run_papermill(
                notebook,
                folder / "run.ipynb",
                parameters,
                engine_name="kept",
                request_save_on_cell_execute=False,
                km=self._manager,
                kc=self._client,
                path=folder / "run.ipynb",
                timeout=limit_s and max(1, int(limit_s)),  # 0 would be no limit
            )
        except BaseException:
            self._end()
            raise
        # At once, while the folder is still this run's: what the notebook left open is written and closed.
        if not self._executes(CLEAN_UP.format(run=str(folder), folder=str(folder.parent))):
            self._end()

    def _end(self) -> None:
        if self._client is not None:
            self._client.stop_channels()
        if self._manager is not None:
            run_sync(self._manager.shutdown_kernel)(now=True)
        self._manager = self._client = None
        self.runs = 0

    def _enter(self, folder: Path) -> None:
        """Take the kernel that is there to the folder, or start one if there is none that answers."""
        enter = ENTER_FOLDER.format(folder=str(folder))
        if self._manager is not None and run_sync(self._manager.is_alive)() and self._executes(enter):
            return
        self._end()
        self._manager = AsyncKernelManager(kernel_name="python3")
        variables = os.environ | self.environment | (KEEP_MODELS if self.max_runs > 1 else {})
        run_sync(self._manager.start_kernel)(env=variables, extra_arguments=list(KERNEL_ARGUMENTS))
        self._client = self._manager.client()
        self._client.allow_stdin = False
        self._client.start_channels()
        with contextlib.suppress(RuntimeError):  # not ready, or dead already
            run_sync(self._client.wait_for_ready)(timeout=START_SECONDS)
            if self._executes(REMEMBER) and self._executes(enter):
                return
        self._end()
        raise KernelLost(f"no kernel was ready within {START_SECONDS} s")

    def _executes(self, code: str) -> bool:
        """Have the kernel execute code between two notebooks, and say whether it could."""
        try:
            return run_sync(self._status_of)(code) == "ok"
        except (RuntimeError, TimeoutError):
            return False

    async def _status_of(self, code: str) -> str:
        reply = asyncio.ensure_future(
            self._client.execute_interactive(
                code, silent=True, store_history=False, timeout=START_SECONDS, output_hook=lambda message: None
            )
        )
        while not (await asyncio.wait([reply], timeout=1))[0]:
            if not await self._manager.is_alive():  # the client would wait for the whole time
                reply.cancel()
                return "dead"
        return (await reply)["content"]["status"]

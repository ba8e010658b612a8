"""One kernel that runs notebook after notebook: TensorFlow is imported and a network traced once, not each time.

Between two notebooks the kernel forgets every name, closes every figure and goes to another folder. What stays is what
modules keep: imports, loaded networks, compiled steps. A kernel that saw a notebook fail is replaced.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager, start_new_kernel

MOST_RUNS = 200  # a bound on what modules may pile up
START_SECONDS = 120
FORGET = """
import gc, os, sys
get_ipython().reset(new_session=True, aggressive=False)
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
gc.collect()
os.chdir({folder!r})
del gc, os, sys
"""


class KernelLost(RuntimeError):
    """The kernel of a worker cannot be started, or died before the notebook began."""


class Kernel:
    """A kernel for one notebook after the other.

    Args:
        environment: variables for it, beyond those of this process.
        most: notebooks before it is replaced; 1 gives each its own.
    """

    def __init__(self, environment: Mapping[str, str], most: int = MOST_RUNS) -> None:
        self.environment, self.most = dict(environment), most
        self.runs = 0
        self._manager: KernelManager | None = None
        atexit.register(self.stop)

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
            KernelLost: no kernel could be had.
        """
        import papermill

        if self.runs >= self.most:
            self.stop()
        self._ready(folder)
        self.runs += 1
        try:
            papermill.execute_notebook(
                notebook,
                folder / "run.ipynb",
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                execution_timeout=limit_s and int(limit_s),
                km=self._manager,
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the kernel at once; it holds nothing worth saving."""
        if self._manager is not None:
            self._manager.shutdown_kernel(now=True)
            self._manager = None
        self.runs = 0

    def _ready(self, folder: Path) -> None:
        """Start a kernel, or make the one that is there forget; a kernel that cannot is replaced once."""
        if self._manager is not None and self._manager.is_alive() and self._forgets(folder):
            return
        self.stop()
        try:
            self._manager, client = start_new_kernel(
                startup_timeout=START_SECONDS,
                kernel_name="python3",
                env=os.environ | self.environment | ({"FEATVIZ_KEEP_MODELS": "1"} if self.most > 1 else {}),
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
            )
            client.stop_channels()
        except RuntimeError as error:
            raise KernelLost(f"the kernel did not start within {START_SECONDS} s: {error}") from None
        if not self._forgets(folder):
            raise KernelLost("the kernel died as soon as it was started")

    def _forgets(self, folder: Path) -> bool:
        client = self._manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=START_SECONDS)
            reply = client.execute_interactive(
                FORGET.format(folder=str(folder)), silent=True, store_history=False, timeout=START_SECONDS
            )
            return reply["content"]["status"] == "ok"
        except (RuntimeError, TimeoutError):
            return False
        finally:
            client.stop_channels()

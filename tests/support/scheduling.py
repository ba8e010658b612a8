"""Which tests share a process, and which begin first, when pytest-xdist hands them out (--dist loadscope).

What shares compiled functions stays together: a notebook's tests, or else a file's. xdist's own way to say so, the mark
xdist_group, does nothing under pytest 9.2: every test was handed out by itself, and each process did all set-ups.
"""

import re

import pytest

NOTEBOOK = re.compile(r"test_notebooks\.py::\w+\[(\d\d_\w+)\]$")


def scope(nodeid: str) -> str:
    """The notebook that a test is about, or else its file."""
    notebook = NOTEBOOK.search(nodeid)
    return notebook[1] if notebook else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Return the scheduler."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the longest begin first, notebooks before other slow tests, so that no process ends with one by itself."""

    def place(item: pytest.Item) -> int:
        return 0 if NOTEBOOK.search(item.nodeid) else 1 if item.get_closest_marker("slow") else 2

    if hasattr(config, "workerinput"):  # by hand, a file's tests run in the order in which they are written
        items.sort(key=place)

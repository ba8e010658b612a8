"""The doctor's trials take ten seconds: test_doctor.py makes them, the other tests take them for passed."""

import pytest
from featviz_helpers.assets import trials


@pytest.fixture(autouse=True)
def passed(monkeypatch, request):
    """A machine on which everything that is tried works, without a card."""
    if request.node.path.stem != "test_doctor":
        monkeypatch.setattr(trials, "try_all", lambda results: ([], False))

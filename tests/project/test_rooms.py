"""What a room lists as its face is there, also after every module of the room was imported."""

import importlib
import pkgutil
from types import ModuleType

import featviz_helpers as fv
import pytest


@pytest.mark.parametrize("room", ["data", "metrics", "exemplars", "plots", "check"])
def test_the_face_of_a_room_is_what_it_lists(room):
    package = getattr(fv, room)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for name in package.__all__:
        value = getattr(package, name)
        assert value is getattr(fv, name, value)
        assert not isinstance(value, ModuleType) or name in ("answer_key", "shapes", "spectra")

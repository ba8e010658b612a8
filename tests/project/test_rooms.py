"""What a room lists as its face is there, also after every module of the room was imported."""

import importlib
import pkgutil
import sys
from types import ModuleType

import featviz_helpers as fv
import pytest


@pytest.mark.parametrize("room", [info.name for info in pkgutil.iter_modules(fv.__path__)])
def test_the_face_of_a_room_is_what_it_lists(room):
    package = getattr(fv, room)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for name in package.__all__:
        value = getattr(package, name)
        assert value is getattr(fv, name, value) or isinstance(value, ModuleType)
        assert isinstance(value, ModuleType) == (f"{package.__name__}.{name}" in sys.modules)

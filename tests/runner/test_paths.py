"""Values that name files: which are made absolute, which are refused, and which are left alone."""

from pathlib import Path

import pytest
from featviz_helpers.runner.parameters import Parameter, ParameterError
from featviz_helpers.runner.paths import locate

DECLARED = Parameter("DATA", "shapes", "str", str, '# "shapes" or a path')
PLAIN = Parameter("LAYER", "auto", "str", str)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The working directory, with a file, and folders that are called like names."""
    monkeypatch.chdir(tmp_path)
    Path("file.png").touch()
    for name in ("images", "shapes", "mixed4", "conv1"):
        Path(name).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (DECLARED, "file.png"),
        (DECLARED, "images"),
        (DECLARED, "./shapes"),
        (PLAIN, "file.png"),
        (PLAIN, "./images"),
    ],
)
def test_what_leads_somewhere_becomes_absolute(here, parameter, value):
    assert locate(parameter, value) == str(here / value)
    assert locate(parameter, [value, 1]) == [str(here / value), 1]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (DECLARED, "shapes"),
        (DECLARED, ""),
        (DECLARED, "imagenetv2-matched-frequency"),
        (DECLARED, "s3://bucket/images"),
        (DECLARED, None),
        (PLAIN, "mixed4"),
        (PLAIN, "conv1/conv"),
        (PLAIN, "value > 0.5"),
        (PLAIN, "~nobody_is_called_that/a"),
        (PLAIN, "a\0/b"),
        (PLAIN, "x" * 5000 + "/y"),
    ],
)
def test_names_are_left_alone(parameter, value):
    assert locate(parameter, value) == value


@pytest.mark.parametrize("value", ["no/such/file", "none.png", "~nobody_is_called_that/a", ["file.png", "none.png"]])
def test_a_declared_path_that_leads_nowhere_is_refused(value):
    with pytest.raises(ParameterError, match="DATA: there is no file or folder"):
        locate(DECLARED, value)

"""YAML from strangers: what grows or nests without end is refused at once."""

import pytest
import yaml
from featviz_helpers.runner.yaml_numbers import read_yaml

LEVELS = [f"&a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
BOMB = "\n".join(["A0: &a0 [x]", *(f"A{i}: {level}" for i, level in enumerate(LEVELS, 1))])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "stands for more than 1,000,000 values"),
        ("A: " + "[" * 3000 + "]" * 3000, "nested more than 50 levels deep"),
        ("A: " + "{a: " * 400 + "1" + "}" * 400, "nested more than 50 levels deep"),
        ("A: !!bool x", "no value of the type"),
        ("A: &x [*x]", "recursive"),
    ],
)
def test_what_has_no_end_is_refused(text, says):
    with pytest.raises(yaml.YAMLError, match=says):
        read_yaml(text)


def test_a_value_that_is_used_again_is_written_out():
    assert read_yaml("A: &x [1, 2]\nB: *x\nC: [*x, {a: *x}]") == {
        "A": [1, 2],
        "B": [1, 2],
        "C": [[1, 2], {"a": [1, 2]}],
    }

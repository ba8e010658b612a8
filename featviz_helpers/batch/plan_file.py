"""YAML that knows where it came from: values for the machine, line numbers for the messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..runner.yaml_numbers import Loader, read_yaml


class PlanError(ValueError):
    """A plan or a cluster file that is wrong; the message names the line and says what to write instead."""


class YamlFile:
    """A YAML mapping with the line of every key and item.

    Args:
        path: the file.

    Attributes:
        path, text: the file and what is in it.
        values: the mapping.

    Raises:
        PlanError: the file cannot be read, is not YAML, is not a mapping, or has a key twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.values: dict[str, Any] = read_yaml(self.text)  # first: it refuses what is nested too deep
            self._root = yaml.compose(self.text, Loader=Loader)
        except OSError as error:
            raise PlanError(f"cannot read {path}: {error.strerror}") from None
        except UnicodeError:
            raise PlanError(f"cannot read {path}: it is not text in UTF-8") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise PlanError(f"{path.name}, line {line}: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:  # a character or a date that there cannot be
            raise PlanError(f"{path.name} cannot be read as YAML: {' '.join(str(error).split())}") from None
        if not isinstance(self.values, dict):
            raise PlanError(f"{path} must hold lines of NAME: value, but holds {type(self.values).__name__}")

    def error(self, where: Sequence[str | int], what: str) -> PlanError:
        """Return the error that says what is wrong at a place such as ("grid", 0, "SEEDS")."""
        return PlanError(f"{self.path.name}, line {self.line(where)}: {what}")

    def line(self, where: Sequence[str | int]) -> int:
        """Return the line of a place, or of the nearest thing above it that is written down."""
        node, line = self._root, 1
        for step in where:
            if isinstance(node, yaml.MappingNode):
                pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line

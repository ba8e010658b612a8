"""YAML that knows where it came from: values for the machine, line numbers for the messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml


class PlanError(ValueError):
    """A plan that cannot be run; the message names the line and says what to write instead."""


class Document:
    """A YAML mapping with the line of every key and item.

    Args:
        path: the file.

    Attributes:
        path, text: the file and what is in it.
        values: the mapping, as YAML reads it.

    Raises:
        PlanError: the file cannot be read, is not YAML, is not a mapping, or has a key twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self._root = yaml.compose(self.text, Loader=yaml.SafeLoader)
            self._refuse_twins(self._root)
            self.values: dict[str, Any] = yaml.safe_load(self.text)
        except OSError as error:
            raise PlanError(f"cannot read {path}: {error.strerror}") from None
        except UnicodeError:
            raise PlanError(f"cannot read {path}: it is not text in UTF-8") from None
        except PlanError:
            raise
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise PlanError(f"{path.name}, line {line}: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:  # a character or a date that there cannot be
            raise PlanError(f"{path.name} cannot be read as YAML: {' '.join(str(error).split())}") from None
        if not isinstance(self.values, dict):
            raise PlanError(f"{path.name} must hold lines of NAME: value, but holds {type(self.values).__name__}")

    def error(self, where: Sequence[str | int], what: str) -> PlanError:
        """Return the error that says what is wrong at a place such as ("grid", 0, "SEEDS")."""
        return PlanError(f"{self.path.name}, line {self.line(where)}: {what}")

    def line(self, where: Sequence[str | int]) -> int:
        """Return the line of a place, or of the nearest thing above it that is written down."""
        node, line = self._root, 1
        for step in where:
            if isinstance(node, yaml.MappingNode):
                found = [(key, value) for key, value in node.value if key.value == str(step)]
                if not found:
                    break
                line, node = found[0][0].start_mark.line + 1, found[0][1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def _refuse_twins(self, node: yaml.Node | None) -> None:
        """YAML itself takes the last of two equal keys and says nothing."""
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen and name != "<<":
                    raise PlanError(f"{self.path.name}, line {line}: {name} is already set in line {seen[name]}")
                seen[name] = line
                self._refuse_twins(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._refuse_twins(item)

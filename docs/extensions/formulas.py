"""Formulas as MathML, which browsers draw by themselves: no script, no picture, no network."""

from typing import Any

from docutils import nodes
from featviz_helpers.runner.rendering import mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOG = logging.getLogger(__name__)


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line."""
    _write(translator, node, "inline")


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands by itself."""
    _write(translator, node, "block")


def _write(translator: HTML5Translator, node: nodes.Element, display: str) -> None:
    formula = mathml(node.astext(), display)
    if formula.startswith("<code>"):
        LOG.warning("latex2mathml does not know the formula %r", node.astext(), location=node)
    translator.body.append(f'<div class="formula">{formula}</div>\n' if display == "block" else formula)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer that `html_math_renderer` names."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

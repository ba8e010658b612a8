"""Pages: the HTML of a notebook, thumbnails, the index."""

import base64
import io
import re

import nbformat
import pytest
from featviz_helpers.runner import pages
from PIL import Image


def test_formulas_and_only_they_bring_a_script(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 00 T\n\n$x^2$\n\n[![a](b)](c)")])
    page = pages.page(book, "T", tmp_path, {})
    assert "MathJax" in page
    assert "![a]" not in page
    assert book.cells[0].source.endswith("[![a](b)](c)")  # the notebook itself is left as it is


@pytest.mark.parametrize(("kind", "mode"), [("png", "RGBA"), ("jpeg", "RGB")])
def test_thumbnail_prefers_the_tagged_cell(kind, mode):
    def figure(size):
        buffer = io.BytesIO()
        Image.new(mode, size).save(buffer, kind)
        return base64.b64encode(buffer.getvalue()).decode()

    def cell(data, tags):
        output = nbformat.v4.new_output("display_data", {f"image/{kind}": data})
        return nbformat.v4.new_code_cell("x", outputs=[output], metadata={"tags": tags})

    book = nbformat.v4.new_notebook(cells=[cell(figure((10, 10)), ["thumbnail"]), cell(figure((20, 10)), [])])
    tagged = pages.thumbnail(book)
    book.cells[0].metadata.tags = []
    assert pages.thumbnail(book) != tagged
    book.cells.pop()
    assert pages.thumbnail(book) == tagged
    assert pages.thumbnail(nbformat.v4.new_notebook()) == ""
    for damaged in (figure((10, 10))[:40], base64.b64encode(b"no picture").decode(), "a"):
        assert pages.thumbnail(nbformat.v4.new_notebook(cells=[cell(damaged, [])])) == ""


def test_names_are_escaped_in_links():
    entry = {"name": "50% what?", "title": "T", "status": "ok", "duration": 1.0, "files": ["50% what?.html"]}
    report = {"notebooks": [entry], "duration": 1.0, "started": "", "versions": {}, "hardware": {"gpus": []}}
    links = re.findall(r'href="(50.*?)"', pages.index(report, {}))
    assert links == [*["50%25%20what%3F.html"] * 3, "50%25%20what%3F.ipynb"]

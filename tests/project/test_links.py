"""Every relative link of the pages at the top, the model card and the notebooks leads to a file that is there."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "featviz_helpers/models/weights/shapesnet.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("notebooks/*.ipynb")),
]


def text(path):
    if path.suffix == ".md":
        return path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text(path))
    relative = [link for link in links if not link.startswith(("http://", "https://", "attachment:"))]
    assert path.name == "shapesnet.md" or relative
    missing = [link for link in relative if not (path.parent / link).exists()]
    assert missing == []


def test_the_gallery_is_shown_and_small():
    pictures = sorted((ROOT / "docs" / "gallery").iterdir())
    readme = text(ROOT / "README.md")
    books = "".join(text(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb")))
    assert len(pictures) >= 4
    for picture in pictures:
        assert f"docs/gallery/{picture.name}" in readme or f"attachment:{picture.name}" in books
        assert 20_000 < picture.stat().st_size < 1_500_000

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
    relative = [link for link in links if not link.startswith(("http://", "https://"))]
    assert path.name == "shapesnet.md" or relative
    files = [
        link.replace("attachment:", f"{ROOT}/docs/gallery/") for link in relative
    ]  # a picture in the notebook itself
    missing = [file for file in files if not (path.parent / file).exists()]
    assert missing == []


def test_the_gallery_is_shown_and_small():
    pictures = sorted((ROOT / "docs" / "gallery").iterdir())
    shown = "".join(text(path).replace("](gallery/", "](docs/gallery/") for path in PAGES)
    assert len(pictures) >= 4
    for picture in pictures:
        assert f"(docs/gallery/{picture.name})" in shown or f"(attachment:{picture.name})" in shown
        assert 20_000 < picture.stat().st_size < 1_500_000

"""The book: built without a warning and without a network, with every notebook, every public name and every figure."""

import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import featviz_helpers as fv
import nbformat
import pytest
from featviz_helpers.runner.jobs import discover
from sphinx.util.inventory import InventoryFile

pytestmark = pytest.mark.slow
NOTEBOOKS = discover()
ROOMS = [getattr(fv, name) for name in fv.__all__ if hasattr(getattr(fv, name), "__path__")]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
ADDRESS = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)]*)|@import\s+['\"]?((?:https?:)?//\S+)")


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, the places that a link can name, and its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.places, self.words, self.hidden = [], set(), [], 0
        self.feed(path.read_text(encoding="utf-8"))
        self.text = re.sub(r"\W+", "", "".join(self.words))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        self.places |= {attributes[key] for key in ("id", "name") if attributes.get(key)}

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """The finished command."""
    out = tmp_path_factory.mktemp("book")
    options = ["-W", "--keep-going", "--quiet", "--jobs", "2", "-c", "docs", "-d", out / "doctrees"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ".", out / "html"], cwd=root, capture_output=True, text=True
    )
    done.html = out / "html"
    return done


@pytest.fixture(scope="module")
def pages(built):
    """Path from the top of the book -> the page."""
    return {str(path.relative_to(built.html)): Page(path) for path in sorted(built.html.rglob("*.html"))}


def test_it_is_built_without_a_warning(built):
    assert (built.returncode, built.stderr) == (0, "")
    assert 5e6 < sum(path.stat().st_size for path in built.html.rglob("*") if path.is_file()) < 80e6


def pictures(notebook):
    """The alternative texts of all pictures that are stored in a notebook."""
    return [
        " ".join(said["alt"].split())
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind, said in output.get("metadata", {}).items()
        if kind.startswith("image/")
    ]


def test_there_are_figures_to_look_for():
    assert sum(len(pictures(nbformat.read(path, as_version=4))) for path in NOTEBOOKS) > 100


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_is_a_page_with_its_figures_and_words(pages, path):
    notebook, page = nbformat.read(path, as_version=4), pages[f"notebooks/{path.stem}.html"]
    described = Counter(" ".join((image.get("alt") or "").split()) for image in page.all("img"))
    stored = Counter(pictures(notebook))
    assert stored - described == Counter()
    assert [image for image in page.all("img") if not image.get("alt")] == []
    texts = [output.text for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
    assert [text for text in texts if re.sub(r"\W+", "", text) not in page.text] == []
    terms = [cell.source.count("/docs/glossary.md#") for cell in notebook.cells if cell.cell_type == "markdown"]
    explained = [link for link in page.all("a") if "docs/glossary.html#" in link.get("href", "")]
    assert len(explained) == sum(terms) > 0
    assert all(len(link["title"]) > 20 for link in explained)


def test_notebooks_have_badges_and_formulas_of_their_own(pages):
    page = pages["notebooks/02_activation_maximization.html"]
    badges = [image for image in page.all("img") if image["alt"].startswith("Open in ")]
    assert [image["src"].split(",")[0] for image in badges] == ["data:image/svg+xml;base64"] * 2
    assert page.all("math")
    assert not page.all("merror")
    assert "[Contents]" not in "".join(page.words)


def test_the_glossary_leads_back_to_the_notebooks(pages):
    links = {link["href"] for link in pages["docs/glossary.html"].all("a") if "/notebooks/" in link.get("href", "")}
    assert links == {f"../notebooks/{path.stem}.html" for path in NOTEBOOKS}


def test_nothing_is_loaded_from_a_network(built, pages):
    loaded = [
        (name, tag, attributes[LOADED[tag]])
        for name, page in pages.items()
        for tag, attributes in page.elements
        if LOADED.get(tag) in attributes and attributes.get("rel") not in ("canonical", "search")
    ]
    assert len(loaded) > 500
    assert [item for item in loaded if urlsplit(item[2]).netloc] == []
    sheets = sorted(built.html.rglob("*.css"))
    assert len(sheets) > 2
    assert [
        (sheet.name, ADDRESS.findall(sheet.read_text())) for sheet in sheets if ADDRESS.search(sheet.read_text())
    ] == []


def test_every_link_inside_leads_somewhere(built, pages):
    @cache
    def is_there(path):
        return path.is_file()

    followed, dead = 0, []
    for name, page in pages.items():
        for link in page.all("a"):
            parts = urlsplit(link.get("href", ""))
            if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
                continue
            target = (built.html / name).parent / unquote(parts.path) if parts.path else built.html / name
            target = target.resolve()
            known = pages.get(str(target.relative_to(built.html.resolve())))
            followed += 1
            if not is_there(target) or (known and parts.fragment and unquote(parts.fragment) not in known.places):
                dead.append((name, link["href"]))
    assert followed > 5000
    assert sorted(set(dead)) == []


def named(full):
    """What a documented name stands for."""
    path = full.split(".")
    for end in range(len(path), 0, -1):
        try:
            value = importlib.import_module(".".join(path[:end]))
        except ImportError:
            continue
        for name in path[end:]:
            value = getattr(value, name)
        return value
    raise AssertionError(full)


def test_every_public_name_is_explained(built, pages):
    inventory = InventoryFile.loads((built.html / "objects.inv").read_bytes(), uri="").data
    documented = {name for kind in ("class", "function", "data", "module") for name in inventory[f"py:{kind}"]}
    identities = {id(named(name)) for name in documented}
    public = {f"fv.{name}": getattr(fv, name) for name in fv.__all__}
    public |= {f"{room.__name__}.{name}": getattr(room, name) for room in ROOMS for name in room.__all__}
    assert len(public) > 250
    assert [name for name, value in public.items() if id(value) not in identities] == []
    text = "".join(page.text for name, page in pages.items() if name.startswith("docs/api/"))
    summaries = {name: inspect.getdoc(value).partition("\n")[0] for name, value in public.items() if callable(value)}
    assert [name for name, summary in summaries.items() if re.sub(r"\W+", "", summary) not in text] == []

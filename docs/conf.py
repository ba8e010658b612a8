"""How Sphinx makes the book: the notebooks with their stored outputs, the manuals, and the library from its docstrings.

The source folder is the root of the project and this file's folder only holds the settings, so that notebooks and
manuals are read where they lie: `sphinx-build -c docs . build/book/html`. Nothing here or in a page needs a network.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]
TABLE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Feature visualisation"
author = "the authors of the course"
version = release = TABLE["version"]
html_title = f"{project} {version}"
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "formulas",
    "glossary_uses",
    "notebook_pages",
    "project_links",
    "readme_section",
    "room_pages",
]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/api/*.rst",
    "notebooks/[0-9]*.ipynb",
    "results/*/verdict.md",
    "featviz_helpers/models/weights/*.md",
    "assignments/README.md",
    "benchmarks/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".*", "build", "dist", "**.egg-info", "**/__pycache__", "**/layers"]  # not even looked into

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # they would come from a network; what a widget showed is stored beside it
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_code_prompt_show = "Show the set-up"  # the only cells that are folded
nb_code_prompt_hide = "Hide the set-up"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

highlight_language = "bash"  # what the manuals show without naming a language: commands
html_math_renderer = "mathml"
default_role = "literal"  # what a docstring has between single backquotes
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False  # what stands before a colon there is a shape or a word, not always a type

html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["book.css"]
ATLAS = ROOT / "build" / "atlas"  # of `make atlas`, which takes minutes; the book does without it
if (ATLAS / "shapesnet" / "index.html").is_file():
    tags.add("atlas")  # noqa: F821 (Sphinx gives it)
    html_extra_path = [str(ATLAS)]
html_copy_source = False  # the notebooks would be in the book twice
html_additional_pages = {"index": "first_page.html"}
templates_path = ["templates"]
html_theme_options = {
    "repository_url": TABLE["urls"]["Repository"],
    "use_repository_button": True,
    "use_download_button": False,
    "navbar_persistent": [],  # the sidebar has the search
    "show_navbar_depth": 1,
    "max_navbar_depth": 2,
    "show_toc_level": 2,
    "footer_content_items": [],
}

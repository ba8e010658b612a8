"""Links inside the project become links inside the book, or to the repository where the book has no such page.

A notebook names files of the project by their address, because on Colab there is no folder beside it; a manual names
them by their path. Both are led to the page of the book. What is no page, as a script, is led to the repository. A link
to what is not there stays as it is, and Sphinx then warns of it.
"""

import posixpath
import re
from typing import Any

from sphinx.application import Sphinx

BRANCH = "blob/main"
LINK = re.compile(r"\]\((?P<target>[^()\s#]+)(?P<anchor>#[^()\s]*)?(?=[\s)])")
FRONT, HOME = "README.md", "docs/index.md"  # what GitHub shows first, and what the book does
IN_THE_REPOSITORY = (".py", ".toml", ".yaml", ".yml")


def relinked(app: Sphinx, text: str, page: str, source: str | None = None) -> str:
    """Return markdown whose links lead to pages of the book.

    Args:
        app: the builder of the book.
        text: the markdown.
        page: the page that it stands on, as "docs/index".
        source: the file that it was written in, from the root of the project; that of the page by default.
    """
    repository = app.config.html_theme_options["repository_url"]
    ours = f"{repository}/{BRANCH}/"

    def link(match: re.Match[str]) -> str:
        target = match["target"]
        if ("://" in target and not target.startswith(ours)) or target.startswith(("data:", "mailto:")):
            return match[0]
        beside = posixpath.join(posixpath.dirname(source or page), target)
        path = target.removeprefix(ours) if target.startswith(ours) else posixpath.normpath(beside)
        path = HOME if path == FRONT else path
        if not (app.srcdir / path).exists():
            return match[0]
        if app.env.path2doc(app.srcdir / path) not in app.env.found_docs and (
            (app.srcdir / path).is_dir() or path.endswith(IN_THE_REPOSITORY)
        ):
            return f"]({ours}{path}{match['anchor'] or ''}"
        return f"]({posixpath.relpath(path, posixpath.dirname(page))}{match['anchor'] or ''}"

    return LINK.sub(link, text)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    if app.env.doc2path(page).suffix == ".md":
        source[0] = relinked(app, source[0], page)


def setup(app: Sphinx) -> dict[str, Any]:
    """Lead the links of every manual; `notebook_pages` does so for the notebooks."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

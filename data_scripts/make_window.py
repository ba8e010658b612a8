"""Make docs/gallery/explorer.jpg: the window of `fv.explore` in JupyterLab, while it climbs. It needs Chromium."""

import base64
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import nbformat
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from explorer.test_in_a_browser import button, free_port, open_lab, words  # noqa: E402
from support.browser import running, tab  # noqa: E402

SOURCE = 'import featviz_helpers as fv\n\nfv.explore(fv.load_model("lite0"), channel=3)'
STEPS = 24  # of the climb when the picture is taken
LAB = ["lab", "--allow-root", "--expose-app-in-browser", "--LabApp.news_url=", "--IdentityProvider.token="]
WINDOW = "[...document.querySelectorAll('.jp-OutputArea-output')].find(e => e.querySelector('button.jupyter-button'))"
WINDOW += ".querySelector('.jupyter-widgets')"
BOX = f"""(() => {{ const one = {WINDOW}, box = one.getBoundingClientRect();
const last = one.querySelector('.widget-upload').getBoundingClientRect();
return [box.x, box.y, box.width, last.bottom + 8 - box.y]; }})()"""


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--width", default=1100, show_default=True, help="Of the browser's window, in pixels.")
def main(out: Path, width: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, folder / "explore.ipynb")
        own = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"), name)
        environment = os.environ | own | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, "-m", "jupyter", *LAB, "--no-browser", f"--ServerApp.port={port}"]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with running(command, cwd=folder, env=environment, **silent), tab(folder / "p", width, 1700) as page:
            open_lab(page, f"http://127.0.0.1:{port}")
            page.until(words("Made to silence it: activation"))
            page.js("jupyterapp.shell.collapseLeft()")
            page.click(button("climb"))
            page.until(f"parseInt(({words('Your climb, step')} || '').slice(17)) >= {STEPS}")
            page.js(f"{WINDOW}.scrollIntoView({{block: 'start'}})")
            x, y, wide, high = page.js(BOX)
            clip = {"x": x, "y": y, "width": wide, "height": high, "scale": 1}
            shot = page.send("Page.captureScreenshot", format="png", clip=clip)["data"]
    Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB").save(out / "explorer.jpg", quality=85)


if __name__ == "__main__":
    main()

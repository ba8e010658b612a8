"""A headless Chromium that a test drives as a hand does: real clicks, real keys, real files.

It speaks the DevTools protocol over a websocket; the client library comes with Jupyter's server.
"""

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import websocket

PATIENCE = float(os.environ.get("FEATVIZ_PATIENCE", 240))  # seconds: a slow machine may do other things too
KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "Enter": 13, "Tab": 9, "End": 35, "Home": 36}


def chromium():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def wait_for(question, what, seconds=PATIENCE):
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return answer


@contextmanager
def running(command, **options):
    """A process with all its children, which ends with the test."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Page:
    """One tab."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True, max_size=None)
        self.numbers, self.events = itertools.count(1), []
        for domain in ("Page", "Runtime", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        """Send a command, and return its result; events on the way are kept."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]
            self.events.append(message)

    def open(self, address):
        self.send("Page.navigate", url=address)

    def js(self, expression):
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression, seconds=PATIENCE):
        """Wait until an expression is true, and return it; where it never is, say what the page says."""
        try:
            return wait_for(lambda: self.js(expression), expression, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.js('document.body.innerText')[-3000:]}") from None

    def click(self, element):
        """Click in the middle of an element, given as an expression."""
        x, y = self.until(
            f"""(() => {{ const one = {element}; if (!one) return null;
            one.scrollIntoView({{block: "center"}}); const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        code = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **code)

    def give_file(self, button, path):
        """Click a button that asks for a file, and hand it one."""
        self.events.clear()
        self.send("Page.setInterceptFileChooserDialog", enabled=True)
        self.click(button)

        def opened():
            self.js("1")  # events come with an answer
            return [event for event in self.events if event["method"] == "Page.fileChooserOpened"]

        chooser = wait_for(opened, "the browser to ask for a file")[0]["params"]
        self.send("DOM.setFileInputFiles", files=[str(path)], backendNodeId=chooser["backendNodeId"])

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def tab(folder, width=1400, height=1600):
    """A tab of a Chromium of its own.

    Args:
        folder: for its profile.
        width, height: of its window.
    """
    command = [
        chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        f"--window-size={width},{height}", f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank",
    ]  # fmt: skip
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        where = folder / "DevToolsActivePort"
        port = wait_for(lambda: where.is_file() and where.read_text().split(), "Chromium")[0]

        def pages():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                return [one for one in json.load(answer) if one["type"] == "page"]

        page = Page(wait_for(pages, "a tab")[0]["webSocketDebuggerUrl"])
        try:
            yield page
        finally:
            page.socket.close()

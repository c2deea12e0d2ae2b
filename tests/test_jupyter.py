"""JupyterLab in a browser: a student opens the notebook, runs all, and reads the findings."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course

COURSE = Course.find(Path(__file__).parent)
BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
TOKEN = "not-a-secret"
# What would cover the page or keep cells out of it.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
RUN_ALL = "jupyterapp.commands.execute('notebook:run-all-cells').then(String)"
READY = (
    "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
    " == 'connected'"
)
CELLS = "jupyterapp.shell.currentWidget.content.model.toJSON().cells"
SHOWN = "[...document.querySelectorAll('.autograder-findings')].map(e => e.innerText)"
DIALOGS = "[...document.querySelectorAll('.jp-Dialog, .Toastify__toast')].map(e => e.innerText)"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium"),
    pytest.mark.skipif(os.name != "posix", reason="the browser is driven through pipes"),
]


@contextmanager
def jupyter_lab(folder: Path, home: Path) -> Iterator[str]:
    """JupyterLab on a free port of this machine; gives its address."""
    write_settings(home)
    port = free_port()
    options = [f"--port={port}", "--no-browser", f"--IdentityProvider.token={TOKEN}"]
    options += [
        "--allow-root",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={folder}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        env=environment(home), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={TOKEN}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def write_settings(home: Path) -> None:
    for name, settings in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def environment(home: Path) -> dict[str, str]:
    own = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in own.items()}}


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "JupyterLab has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


class Browser:
    """A headless chromium, spoken to by its DevTools protocol over two pipes."""

    def __init__(self, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        options = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"]
        options += ["--disable-dev-shm-usage", "--no-first-run", "--window-size=1300,1000"]
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out} 2>/dev/null'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "browser", str(BROWSER), *options, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out), start_new_session=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer = b""
        self._number = 0
        self._session: dict[str, str] = {}

    def open(self, address: str) -> None:
        target = self.call("Target.createTarget", url=address)["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def call(self, method: str, **parameters: Any) -> Any:
        """Sends a command and waits for its answer; events pass by."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def value(self, expression: str) -> Any:
        """The value of an expression in the page, promises awaited."""
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, expression: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < deadline, expression
            time.sleep(0.3)

    def picture(self, path: Path) -> None:
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def _message(self) -> Any:
        while b"\0" not in self._buffer:
            part = os.read(self._in, 2**20)
            assert part, "the browser has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


@contextmanager
def opened(notebook: Path, cases: Path, home: Path) -> Iterator[Browser]:
    """A notebook beside its public cases, open in JupyterLab with a running kernel."""
    folder = home / "work"
    folder.mkdir()
    for file in (notebook, cases):
        shutil.copy(file, folder)
    with ExitStack() as stack:
        address = stack.enter_context(jupyter_lab(folder, home))
        browser = Browser(home / "profile")
        stack.callback(browser.close)
        browser.open(f"{address}/lab/tree/{notebook.name}?token={TOKEN}&reset")
        browser.wait(READY)
        yield browser


def ran(browser: Browser, pictures: Path) -> list[dict[str, Any]]:
    """Runs all cells; gives the code cells, and leaves pictures of what is to be seen."""
    browser.value(RUN_ALL)
    browser.wait(f"{CELLS}.filter(c => c.cell_type == 'code').every(c => c.execution_count)")
    count = browser.value(f"{SHOWN}.length")
    for number in range(count):
        into_view = f"document.querySelectorAll('.autograder-findings')[{number}].scrollIntoView()"
        browser.value(into_view)
        time.sleep(0.3)
        browser.picture(pictures / f"{number}.png")
    cells: list[dict[str, Any]] = browser.value(CELLS)
    return [cell for cell in cells if cell["cell_type"] == "code"]


def failed(cells: list[dict[str, Any]]) -> list[str]:
    """Errors in cells that aren't marked as allowed to fail."""
    return [
        output["evalue"]
        for cell in cells
        if "raises-exception" not in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]


@pytest.fixture
def pictures(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = os.environ.get("AUTOGRADER_PICTURES")
    path = Path(folder, request.node.name) if folder else tmp_path / "pictures"
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize("name", COURSE.unit_names())
def test_a_student_runs_all_and_reads_what_is_open(
    name: str, tmp_path: Path, pictures: Path
) -> None:
    released = COURSE.root / "assignments" / name
    with opened(released / f"{name}.ipynb", released / f"{name}.cases", tmp_path) as browser:
        cells = ran(browser, pictures)
        shown = browser.value(SHOWN)
        assert failed(cells) == []
        assert browser.value(DIALOGS) == []
    assert len(shown) == len(COURSE.load(name).unit.exercises)
    assert all("not answered yet" in text for text in shown)


@pytest.mark.parametrize("name", COURSE.unit_names())
def test_an_author_runs_all_and_everything_is_ok(name: str, tmp_path: Path, pictures: Path) -> None:
    author = COURSE.root / "solutions" / name / f"{name}.ipynb"
    cases = COURSE.root / "assignments" / name / f"{name}.cases"
    with opened(author, cases, tmp_path) as browser:
        cells = ran(browser, pictures)
        shown = browser.value(SHOWN)
        assert failed(cells) == []
        assert browser.value(DIALOGS) == []
    assert len(shown) == len(COURSE.load(name).unit.exercises)
    assert all("ok" in text and "wrong" not in text and "error" not in text for text in shown)

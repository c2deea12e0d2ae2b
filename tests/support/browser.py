"""A headless chromium and what it looks at: a Jupyter server of this environment."""

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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
TOKEN = "not-a-secret"


@contextmanager
def jupyter(app: str, folder: Path, home: Path, *options: str) -> Iterator[str]:
    """A Jupyter server (`app` is its module) on a free port; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", app, f"--port={port}", "--no-browser", "--allow-root"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", *options]
    process = subprocess.Popen(
        command,
        cwd=folder, env=environment(home), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={TOKEN}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


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
        assert process.poll() is None, "Jupyter has ended"
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
        self._target = ""

    def open(self, address: str) -> None:
        """Opens a page in place of the one before."""
        if self._target:
            self._session = {}
            self.call("Target.closeTarget", targetId=self._target)
        self._target = target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        # Answers once the page is there. A target made with its address begins with an empty page
        # that is `complete`, which a loaded machine shows when asked at once.
        went = self.call("Page.navigate", url=address)
        assert "errorText" not in went, went

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

    def picture(self, folder: Path | None, name: str) -> None:
        """Take a picture of what is to be seen, if there is a folder for it."""
        if folder:
            data = self.call("Page.captureScreenshot", format="png")["data"]
            (folder / f"{name}.png").write_bytes(base64.b64decode(data))

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

"""A Jupyter kernel of this environment, spoken to as a front end does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbclient.client import KernelManager  # type: ignore[attr-defined]  # jupyter_client's

START = "import numpy as np\nfrom autograder import check"
_ONE_THREAD = ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP", "OPENBLAS")


class LiveKernel:
    """A running kernel; `run` gives a cell's outputs, each update of a display in its place."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def send(self, source: str, cell_id: str = "") -> str:
        """Send a cell; return the request's id."""
        content = {
            **{"code": source, "silent": False, "store_history": True, "user_expressions": {}},
            **{"allow_stdin": False, "stop_on_error": False},
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def messages(self, request: str, seconds: float = 120) -> Iterator[Any]:
        """Yield what the kernel shows of a cell until it has ended."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind not in ("status", "execute_input"):
                yield {"kind": kind, **content}

    def run(self, source: str, cell_id: str = "") -> list[Any]:
        """Run a cell and return all that it shows."""
        return list(self.messages(self.send(source, cell_id)))

    def said(self, source: str, cell_id: str = "") -> str:
        """Run a cell and return what a terminal would show of it."""
        return shown_text(self.run(source, cell_id))

    def restart(self) -> None:
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=120)


def shown_text(outputs: list[Any]) -> str:
    """Return outputs as text; of an error its traceback, as a front end shows it."""
    parts = []
    for each in outputs:
        parts.append(each.get("data", {}).get("text/plain", "") + each.get("text", ""))
        parts.append("\n".join(each.get("traceback", [])))
    return "".join(parts)


@contextmanager
def live_kernel(folder: Path, notebook: Path | None = None, **more: str) -> Iterator[LiveKernel]:
    """Start a kernel in a folder, for a notebook as a Jupyter server would name it."""
    manager = KernelManager(kernel_name="python3")
    named = {"JPY_SESSION_NAME": str(notebook)} if notebook else {}
    threads = {f"{name}_NUM_THREADS": "1" for name in _ONE_THREAD}
    manager.start_kernel(cwd=str(folder), env={**os.environ, **threads, **named, **more})
    kernel = LiveKernel(manager)
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)

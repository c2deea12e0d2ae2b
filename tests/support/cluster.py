"""A cluster on this machine: Dask's scheduler and workers, and certificates for them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import trustme

from support.browser import free_port


class Cluster:
    """A scheduler and workers, each a process of its own that ends with `stack`."""

    def __init__(self, stack: ExitStack, home: Path, security: dict[str, str]) -> None:
        self.port = free_port()
        self.scheme = "tls" if security else "tcp"
        self.address = f"{self.scheme}://127.0.0.1:{self.port}"
        self.home = home
        self.environment = {**os.environ, **security, "XDG_CACHE_HOME": str(home / "cache")}
        self.environment["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
        self._stack = stack
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        options = ["--host", f"{self.scheme}://127.0.0.1:{self.port}", "--no-dashboard"]
        return self._started("scheduler", options)

    def start_worker(self, *more: str) -> subprocess.Popen[bytes]:
        options = [self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny", *more]
        options += ["--local-directory", str(self.home / "workers"), "--death-timeout", "60"]
        return self._started("worker", options)

    def _started(self, what: str, options: list[str]) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.home / f"{what}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + what, *options],
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


def certificates(folder: Path) -> dict[str, str]:
    """What Dask's configuration says of certificates that a course's own authority gave."""
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own.private_key_and_cert_chain_pem.write_to_path(folder / "own.pem")
    settings = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    settings["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(folder / "ca.pem")
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        for what in ("CERT", "KEY"):
            settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__{what}"] = str(folder / "own.pem")
    return settings

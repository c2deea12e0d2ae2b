"""The pool of warm templates, one for each backend."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from autograder.backends import DEFAULT, Backend
from autograder.sandbox.bubblewrap import Isolation, SandboxError
from autograder.sandbox.child import Child
from autograder.sandbox.gpu import Gpus, Share
from autograder.sandbox.limits import Limits
from autograder.sandbox.templates import Template


class Pool:
    """Templates by backend, started when first needed and replaced when they end.

    Children with a share of a GPU have templates of their own, which alone see GPUs' files.
    """

    def __init__(
        self,
        isolation: Isolation = "namespaces",
        limits: Limits | None = None,
        backend: Backend = DEFAULT,
        gpus: Gpus | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            isolation: "none" leaves the sandbox out.
            limits: Of every child.
            backend: The one of Keras that was asked for; a unit may insist on another.
            gpus: Those that children may have shares of; None for the CPU alone.
        """
        self.isolation = isolation
        self.limits = limits or Limits()
        self.backend = backend
        self.gpus = gpus
        self._templates: dict[tuple[Backend, bool], Template] = {}
        self._lock = threading.Lock()
        # The kernel ends a template with the thread that started it.  Slots come and go, so one
        # thread that stays starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="templates")

    def warm(self, backend: Backend) -> None:
        """Start a template without waiting for it; it ends with the calling thread."""
        kind = (backend, False)
        if kind not in self._templates:
            self._templates[kind] = Template.started(backend, self.isolation, self.limits)

    def after_fork(self) -> None:
        """Share the templates of the process that the calling one was forked from."""
        self._lock = threading.Lock()
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="templates")
        templates, self._templates = self._templates, {}
        for kind, template in templates.items():
            with contextlib.suppress(OSError):  # it has ended; `fork` starts another
                self._templates[kind] = template.joined()

    def fork(self, backend: Backend, share: Share | None = None) -> Child:
        """Return a fresh child of a warm template, with a share of a GPU or without.

        Raises:
            SandboxError: A fresh template can't make one either.
        """
        kind = (backend, share is not None)
        template = self._template(kind)
        try:
            return template.fork(share)
        except SandboxError:
            with self._lock:
                # Another slot may have replaced it already; the new one is not broken.
                if self._templates.get(kind) is template:
                    del self._templates[kind]
            template.end_all()
            return self._template(kind).fork(share)

    def _template(self, kind: tuple[Backend, bool]) -> Template:
        with self._lock:
            template = self._templates.get(kind)
            if template is not None and not template.alive:
                template.end_all()
                template = None
            if template is None:
                backend, on_gpu = kind
                gpus = self.gpus if on_gpu else None
                template = self._starter.submit(
                    Template.started, backend, self.isolation, self.limits, gpus
                ).result()
                self._templates[kind] = template
            return template

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for template in self._templates.values():
            template.close()
        self._starter.shutdown()

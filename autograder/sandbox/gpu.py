"""The GPUs of this machine, and the share of one that a slot gets."""

from __future__ import annotations

import os
import subprocess
import threading
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder import programs
from autograder.errors import UserError

Device = Literal["cpu", "gpu", "auto"]
FILES = Path("/dev")
PROCESSES = 2  # of a submission at once: its own, and one with functions of the reference
LEFT_OUT = 0.1  # of a GPU's memory: contexts and kernels, which no framework's limit counts
_SECONDS = 30.0  # in which the driver answers; the first call after a start takes some


class GpuError(UserError):
    """A GPU was asked for and none can be used."""


@dataclass(frozen=True)
class Gpu:
    """One GPU; `minor` is the number of its device file, `memory_mib` all of its memory."""

    uuid: str
    name: str
    minor: int
    memory_mib: int
    divided: bool = False  # into instances (MIG), which have other device files

    @property
    def file(self) -> str:
        return f"nvidia{self.minor}"


@dataclass(frozen=True)
class Share:
    """What one slot has of a GPU; `memory_mib` is for each of a submission's processes.

    `alone` says that no other slot uses the GPU meanwhile.
    """

    gpu: Gpu
    memory_mib: int
    alone: bool = True

    def request(self) -> dict[str, Any]:
        """Return what the template passes to a child."""
        return {
            "uuid": self.gpu.uuid,
            "file": self.gpu.file,
            "memory_mib": self.memory_mib,
            "fraction": round(self.memory_mib / self.gpu.memory_mib, 4),
        }


class Gpus:
    """GPUs, each for `slots_per_gpu` submissions at once; `folder` has their device files."""

    def __init__(self, gpus: Sequence[Gpu], slots_per_gpu: int = 1, folder: Path = FILES) -> None:
        self._gpus = tuple(gpus)
        self._slots_per_gpu = slots_per_gpu
        self._folder = folder
        self._taken: Counter[Gpu] = Counter()
        self._reserved: set[Gpu] = set()
        self._changed = threading.Condition()

    @property
    def slots(self) -> int:
        return len(self._gpus) * self._slots_per_gpu

    @property
    def names(self) -> list[str]:
        return [gpu.name for gpu in self._gpus]

    def files(self) -> dict[str, Path]:
        """Return the device files that CUDA opens, by name: the driver's, and one for each GPU."""
        names = ["nvidiactl", "nvidia-uvm", *(gpu.file for gpu in self._gpus)]
        if (self._folder / "nvidia-uvm-tools").exists():  # newer drivers give up without it
            names.append("nvidia-uvm-tools")
        return {name: self._folder / name for name in names}

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Acquire a share of the GPU that has most shares left, waiting until there is one."""
        with self._changed:
            self._changed.wait_for(self._free)
            gpu = self._free()[0]
            self._taken[gpu] += 1
        try:
            yield self._share(gpu, self._slots_per_gpu)
        finally:
            with self._changed:
                self._taken[gpu] -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[Share]:
        """Acquire a whole GPU: block new shares, and wait until those that are out are released.

        Release your own share first, or this deadlocks.
        """
        gpu = None
        try:
            with self._changed:
                self._changed.wait_for(lambda: len(self._reserved) < len(self._gpus))
                gpu = min(set(self._gpus) - self._reserved, key=lambda each: self._taken[each])
                self._reserved.add(gpu)
                self._changed.wait_for(lambda: not self._taken[gpu])
            yield self._share(gpu, 1)
        finally:
            with self._changed:
                self._reserved.discard(gpu)
                self._changed.notify_all()

    def _free(self) -> list[Gpu]:
        """Return the GPUs that have a share left, those with most first."""
        let = [gpu for gpu in self._gpus if gpu not in self._reserved]
        free = [gpu for gpu in let if self._taken[gpu] < self._slots_per_gpu]
        return sorted(free, key=lambda gpu: self._taken[gpu])

    def _share(self, gpu: Gpu, slots: int) -> Share:
        part = (1 - LEFT_OUT) / (slots * PROCESSES)
        return Share(gpu, int(gpu.memory_mib * part), alone=slots == 1)


def library_folder(environment: Mapping[str, str]) -> str:
    """Return the folder of LD_LIBRARY_PATH with the driver's own library, "" if none has it.

    The linker usually knows where it is.  Some clusters put it into containers at a place that only
    this variable names.
    """
    folders = programs.absolute(environment.get("LD_LIBRARY_PATH", "")).split(":")
    return next((name for name in folders if name and Path(name, "libcuda.so.1").exists()), "")


def asked_for(device: Device, slots_per_gpu: int, folder: Path = FILES) -> Gpus | None:
    """Return the GPUs to grade on, None for the CPU alone.

    Raises:
        GpuError: `device` is "gpu" and no GPU is found.
    """
    if device == "cpu":
        return None
    gpus, problem = seen(os.environ, folder)
    if gpus:
        return Gpus(gpus, slots_per_gpu, folder)
    if device == "auto":
        return None
    raise GpuError(
        f"`--device gpu`, and no GPU is seen: {problem}. Fix that (docs/gpu.md), or grade on the "
        "CPU: `--device cpu`."
    )


def seen(environment: Mapping[str, str], folder: Path) -> tuple[list[Gpu], str]:
    """Return the GPUs that programs may use here, and if there are none, why.

    The driver's own `nvidia-smi` is asked: it comes with every driver, needs no library, and sees
    what a container was given.
    """
    program = programs.find("nvidia-smi", environment.get("PATH"))
    if program is None:
        return [], "`nvidia-smi`, which comes with NVIDIA's driver, is not on the PATH"
    try:
        done = programs.native([program, "-q", "-x"], environment).run(_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"`nvidia-smi` gave no answer ({error})"
    try:
        found = [_gpu(element) for element in xml.fromstring(done.stdout).iter("gpu")]
    except (xml.ParseError, ValueError):
        said = " ".join((done.stdout + done.stderr).decode(errors="replace").split())[:200]
        return [], f"`nvidia-smi -q -x` gave no list of GPUs, but: {said or 'nothing'}"
    if not found:
        return [], "`nvidia-smi` lists none"
    let = _let(found, environment.get("CUDA_VISIBLE_DEVICES"))
    if not let:
        hidden = environment.get("CUDA_VISIBLE_DEVICES")
        return [], f"`CUDA_VISIBLE_DEVICES={hidden}` hides those that there are"
    whole = [gpu for gpu in let if not gpu.divided]
    if not whole:
        return [], "those that there are, are divided (MIG), which is not supported"
    files = Gpus(whole, 1, folder).files().values()
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        return [], f"{', '.join(missing)} is missing (`nvidia-modprobe -u -c=0` makes them)"
    return whole, ""


def _gpu(element: xml.Element) -> Gpu:
    def text(path: str) -> str:
        return (element.findtext(path) or "").strip()

    return Gpu(
        uuid=text("uuid"),
        name=text("product_name"),
        minor=int(text("minor_number")),
        memory_mib=int(text("fb_memory_usage/total").removesuffix("MiB")),
        divided=text("mig_mode/current_mig") == "Enabled",
    )


def _let(found: Sequence[Gpu], visible: str | None) -> list[Gpu]:
    """Return those that `CUDA_VISIBLE_DEVICES` names, by number or by the start of their uuid.

    Like CUDA, it stops at the first name that is not one GPU's.
    """
    if visible is None:
        return list(found)
    let: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        named = [
            gpu
            for number, gpu in enumerate(found)
            if name == str(number) or (name.startswith("GPU-") and gpu.uuid.startswith(name))
        ]
        if len(named) != 1:
            break
        let += [gpu for gpu in named if gpu not in let]
    return let

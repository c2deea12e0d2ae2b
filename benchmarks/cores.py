"""How many threads a small training starts, and what it reserves, on machines of many cores.

Frameworks start threads for each core that they see.  A library that is loaded before them, made
here with a C compiler, says that there are more of them.  Each number of cores is tried as it is,
and as a child of the sandbox sees it (`autograder.sandbox.cores.groups`).

    python benchmarks/cores.py [--backends tensorflow jax torch] [--cores 2 16 32 64 128]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import MIB, facts

from autograder.backends import DEFAULT, asked_for
from autograder.sandbox.bubblewrap import command
from autograder.sandbox.cores import groups
from autograder.sandbox.limits import Limits

LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static unsigned char set[1024];
static size_t known = 0;
static int cores(void) { return atoi(getenv("CORES")); }
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *mask) {
    known = size < sizeof set ? size : sizeof set;
    memset(set, 0, sizeof set);
    memcpy(set, mask, known);
    return 0;
}
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *mask) {
    if ((size_t)cores() > 8 * size) { errno = EINVAL; return -1; }
    memset(mask, 0, size);
    if (known) memcpy(mask, set, size < sizeof set ? size : sizeof set);
    else for (int i = 0; i < cores(); i++) CPU_SET_S(i, size, mask);
    return 0;
}
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *mask) {
    return sched_getaffinity(0, size, mask) ? errno : 0;
}
int get_nprocs(void) { return cores(); }
int get_nprocs_conf(void) { return cores(); }
long sysconf(int name) {
    static long (*real)(int);
    if (!real) real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF ? cores() : real(name);
}
"""
TRAINING = """
import os, sys
import numpy as np
import tensorflow, keras
__import__(os.environ["KERAS_BACKEND"])
from autograder.guest.tensors import even_out

def reserved():
    return int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")

even_out()
before = reserved()
if cores := sys.argv[1:]:
    os.sched_setaffinity(0, [int(core) for core in cores])
x, y = np.ones((64, 8, 8, 3), "float32"), np.arange(64) % 2
layers = [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
model = keras.Sequential(layers)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, jit_compile=False)
model.fit(x, y, epochs=2, verbose=0)
model.predict(x, verbose=0)
print(len(os.listdir("/proc/self/task")), reserved() - before)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backends", nargs="+", default=[DEFAULT, "jax"])
    parser.add_argument("--cores", nargs="+", type=int, default=[2, 16, 32, 64, 128])
    options = parser.parse_args()
    limits = Limits()
    print("  ".join(f"{name} {value}" for name, value in facts().items()), "\n")
    print(f"A child may have {limits.threads} threads and reserve {limits.memory_mib} MiB.\n")
    print("| backend | cores | threads | MiB reserved | threads in the sandbox | MiB there |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        preloaded = library(Path(folder))
        for backend in map(asked_for, options.backends):
            for cores in options.cores:
                environment = dict(command(backend, "none", folder=Path(folder)).environment)
                environment |= {"LD_PRELOAD": str(preloaded), "CORES": str(cores)}
                alone = trained(environment)
                grouped = trained(environment, *map(str, groups(range(cores))[0]))
                row = [backend, cores, alone[0], alone[1] // MIB, grouped[0], grouped[1] // MIB]
                print("|", " | ".join(map(str, row)), "|", flush=True)


def library(folder: Path) -> Path:
    """Compiles what says that there are as many cores as the variable CORES says."""
    path = folder / "cores.so"
    compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path), "-ldl"]
    subprocess.run(compiler, input=LIBRARY, text=True, check=True)
    return path


def trained(environment: dict[str, str], *cores: str) -> tuple[int, int]:
    """Threads, and the bytes of address space by which a training has grown."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, *cores],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    threads, reserved = done.stdout.split()
    return int(threads), int(reserved)


if __name__ == "__main__":
    main()

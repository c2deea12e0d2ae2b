"""What the files for clusters promise: the image's sources, the Slurm script, the manifest.

Slurm's own two commands are stood in for by scripts that start what they are given, twice.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.places import ROOT

from autograder.batch.cluster_worker import GPU
from autograder.cli.main import ALL_GRADED, main
from autograder.sandbox.machine import Machine, obstacles

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SLURM = ROOT / "docs" / "cluster" / "slurm.sh"
MANIFEST = ROOT / "docs" / "cluster" / "kubernetes.yaml"
# What `autograder doctor` advises in a container.
((_, ADVICE),) = obstacles(Machine("Linux", container="docker", bwrap="/usr/bin/bwrap"))
PRIVILEGES = re.compile(r"\w+=unconfined")


# -------------------------------------------------------------------------------------- the image


def copied() -> list[str]:
    """What the Dockerfile takes from this folder."""
    lines = re.findall(r"^COPY (.*)$", DOCKERFILE, flags=re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


def test_the_image_is_built_from_files_that_are_there_and_not_left_out() -> None:
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in copied():
        assert (ROOT / name).exists(), name
        assert f"!{name}" in let_in, name
    assert {f"!{name}" for name in copied()} == {line for line in let_in if line.startswith("!")}


def test_no_seed_and_no_submission_gets_into_the_image() -> None:
    secret = {".autograder", "submitted", "submissions", "grades", "gradebook.db", "tests", "."}
    assert not secret & set(copied())


def test_the_package_is_built_from_what_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {project["project"]["readme"], *packages} <= set(copied())


def test_the_python_of_the_image_is_a_supported_one() -> None:
    of_debian = {"bookworm": (3, 11), "trixie": (3, 13)}
    (release,) = re.findall(r"^FROM debian:(\w+)-slim", DOCKERFILE, flags=re.MULTILINE)
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    low, high = (tuple(map(int, found)) for found in re.findall(r"(\d+)\.(\d+)", requires))
    assert low <= of_debian[release] < high


def test_doctor_and_dockerfile_name_the_same_privileges() -> None:
    assert len(PRIVILEGES.findall(ADVICE)) == 2
    assert set(PRIVILEGES.findall(ADVICE)) == set(PRIVILEGES.findall(DOCKERFILE))


def test_with_cuda_all_else_is_the_same() -> None:
    pins = re.compile(r"^(?!nvidia-)[\w.-]+==\S+", flags=re.MULTILINE)
    without, with_cuda = (
        {pin.replace("tensorflow-cpu", "tensorflow") for pin in pins.findall(lock.read_text())}
        for lock in (ROOT / "requirements.lock", ROOT / "requirements-gpu.lock")
    )
    assert without == with_cuda


# ------------------------------------------------------------------------------------------ Slurm

SRUN = """#!/bin/bash
# One task on each of two machines.
while [[ $1 == --* ]]; do shift; done
echo $$ >"$SLURM_TMP/srun.pid"
trap 'kill $(jobs -p)' TERM
for _ in 1 2; do "$@" & done
wait; wait
"""
SCANCEL = """#!/bin/bash
kill -TERM "$(cat "$SLURM_TMP/srun.pid")"
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("device", "of_slurm"),
    [
        ("cpu", {"SLURM_CPUS_PER_TASK": "1"}),
        # Refused without a worker that has a GPU.
        ("gpu", {"SLURM_CPUS_PER_TASK": "3", "SLURM_GPUS_ON_NODE": "1", "SLOTS_PER_GPU": "2"}),
    ],
)
def test_the_slurm_script_grades_over_tls_and_leaves_no_key(
    lines_course: Path,
    tmp_path: Path,
    write_notebook: Any,
    device: str,
    of_slurm: dict[str, str],
) -> None:
    handed_in, tools = tmp_path / "in", tmp_path / "tools"
    for name in ("ada", "bao", "chen"):
        write_notebook(handed_in / f"{name}.ipynb", center="def center(X):\n    return X")
    tools.mkdir()
    for name, text in (("srun", SRUN), ("scancel", SCANCEL)):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    (tmp_path / "tmp").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path / "tmp"),
        "SLURM_TMP": str(tmp_path),
        "SLURM_JOB_ID": "7",
        **of_slurm,
    }
    out = tmp_path / "out"
    done = subprocess.run(
        ["bash", str(SLURM), str(handed_in), "--out", str(out), "--seed", "s", "--device", device],
        cwd=lines_course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == ALL_GRADED, done.stdout
    assert len(list(out.rglob("*.json"))) == 3
    assert "Traceback" not in done.stdout
    assert not list((lines_course / ".autograder").glob("slurm-*"))


# ------------------------------------------------------------------------------------- Kubernetes


@pytest.fixture(scope="module")
def objects() -> dict[tuple[str, str], Any]:
    documents = yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def pod(found: Any) -> Any:
    return found["spec"]["template"]


WORKERS = [("Deployment", "worker"), ("Deployment", "worker-gpu")]
WORKLOADS = [("Deployment", "scheduler"), *WORKERS, ("Job", "grade")]
LIFTED = {"seccompProfile", "appArmorProfile"}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_mounts_what_it_has_and_finds_what_it_names(
    objects: dict[tuple[str, str], Any], name: tuple[str, str]
) -> None:
    spec = pod(objects[name])["spec"]
    (container,) = spec["containers"]
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            assert ("PersistentVolumeClaim", claim) in objects
    for source in container["envFrom"]:
        assert ("ConfigMap", source["configMapRef"]["name"]) in objects
    assert (
        name[0] == "Job"
        or pod(objects[name])["metadata"]["labels"]
        == (objects[name]["spec"]["selector"]["matchLabels"])
    )


def test_certificates_are_mounted_where_dask_looks(objects: dict[tuple[str, str], Any]) -> None:
    settings = objects["ConfigMap", "dask"]["data"]
    named = {value for key, value in settings.items() if "__TLS__" in key}
    assert {str(Path(value).parent) for value in named} == {"/tls"}
    assert settings["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"


def test_only_the_sandboxs_pod_has_more_than_the_default_profile(
    objects: dict[tuple[str, str], Any],
) -> None:
    for name in WORKLOADS:
        spec = pod(objects[name])["spec"]
        (container,) = spec["containers"]
        security = container["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not security["allowPrivilegeEscalation"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert not spec["automountServiceAccountToken"]
        lifted = {key for key in security if key.endswith("Profile")}
        assert lifted == (LIFTED if name[1].startswith("worker") else set())
        assert all(security[key] == {"type": "Unconfined"} for key in lifted)
    assert all(f"{key}: Unconfined" in ADVICE for key in LIFTED)


@pytest.mark.parametrize("name", WORKERS)
def test_workers_see_no_submission_and_no_seed(
    objects: dict[tuple[str, str], Any], name: tuple[str, str]
) -> None:
    volumes = pod(objects[name])["spec"]["volumes"]
    assert {volume["name"] for volume in volumes} == {"tls", "tmp", "cache", "prepared"}


def test_no_two_deployments_take_each_others_pods(objects: dict[tuple[str, str], Any]) -> None:
    for one, other in itertools.permutations(
        [each for (kind, _), each in objects.items() if kind == "Deployment"], 2
    ):
        wanted = one["spec"]["selector"]["matchLabels"].items()
        assert not wanted <= pod(other)["metadata"]["labels"].items()


def test_a_worker_with_a_gpu_says_what_it_has(objects: dict[tuple[str, str], Any]) -> None:
    (container,) = pod(objects["Deployment", "worker-gpu"])["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"]}
    # As Kubernetes does: $(NAME).
    words = [
        re.sub(r"\$\((\w+)\)", lambda match: values[match[1]], word)
        for word in container["command"] + container["args"]
    ]
    slots = int(values["SLOTS_PER_GPU"])
    assert words[words.index("--nthreads") + 1] == str(slots)
    assert words[words.index("--resources") + 1] == f"{GPU}={slots}"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1  # what a pod may see
    assert container["resources"]["requests"]["cpu"] == str(slots)


def test_ports_of_policies_are_those_that_are_listened_on(
    objects: dict[tuple[str, str], Any],
) -> None:
    for name, port in (("scheduler", 8786), ("worker", 8788), ("worker-gpu", 8788)):
        (container,) = pod(objects["Deployment", name])["spec"]["containers"]
        assert {"name": "dask", "containerPort": port} in container["ports"]
        words = shlex.join([*container["command"], *container.get("args", [])])
        assert str(port) in words
    for policy, port in (("to-scheduler", 8786), ("to-workers", 8788)):
        (rule,) = objects["NetworkPolicy", policy]["spec"]["ingress"]
        assert rule["ports"] == [{"port": port}]


def test_the_job_calls_a_command_that_there_is(objects: dict[tuple[str, str], Any]) -> None:
    (container,) = pod(objects["Job", "grade"])["spec"]["containers"]
    program, name, *words = container["command"]
    assert program == "autograder"
    command = main.commands[name]
    assert command.make_context(name, words).params["engine"] == "tls://scheduler:8786"

# The grader in an image: what every machine of a cluster has to have the same of (docs/cluster.md).
#
#     docker build --target grader --tag deep-learning-autograder .
#     docker run --rm --cap-drop ALL --security-opt no-new-privileges \
#         --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#         --user "$(id -u):$(id -g)" --volume "$PWD:/course" \
#         deep-learning-autograder autograder grade submissions/ --out grades
#
# The sandbox needs no root, no capability and no `--privileged`, but two things that a container's
# default profile forbids and any program on the machine itself may do:
#   seccomp=unconfined    make user, pid, mount, ipc and network namespaces, and mount in them. The
#                         sandbox has a filter of its own, stricter than the one that is left out.
#   apparmor=unconfined   mount, which Docker's AppArmor profile forbids in every namespace
# `autograder doctor` in the container says what holds.
#
# For GPUs (docs/gpu.md): `--build-arg LOCK=requirements-gpu.lock`, and `docker run --gpus all`.
FROM debian:bookworm-slim AS grader

RUN apt-get update \
    && apt-get install -y --no-install-recommends bash bubblewrap ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /autograder
COPY pyproject.toml requirements.lock requirements-gpu.lock README.md ./
COPY scripts scripts
COPY autograder autograder
# The same environment as everywhere: what the lock names, checked by its hashes.
ARG LOCK=requirements.lock
RUN scripts/setup .venv "$LOCK" && .venv/bin/python -m compileall -q autograder && rm -rf /root/.cache

# What every user of the image may write: `docker run --user` is whoever owns the course.
RUN useradd --create-home --uid 1000 grader && install -d -m 1777 /cache /course
# No Python imports from the folder that it is started in.
ENV XDG_CACHE_HOME=/cache PATH=/autograder/.venv/bin:$PATH PYTHONSAFEPATH=1
USER grader
WORKDIR /course
CMD ["autograder", "--help"]

# With this course in it, solutions included: for registries that students can't read.
#
#     docker build --tag autograder-course:1 .
FROM grader AS course
COPY assignments assignments
COPY solutions solutions
COPY nbgrader_config.py ./

#!/bin/bash
# Grades a class on several machines of a Slurm cluster.  From the course's folder, which every node
# sees at the same path, with the environment activated:
#
#     sbatch --nodes=4 docs/cluster/slurm.sh submissions/ --out grades
#
# What follows the script's name is what `autograder grade` is given; the job ends as that does.
# With GPUs, networks are trained there (docs/gpu.md); SLOTS_PER_GPU submissions share one (1):
#
#     SLOTS_PER_GPU=2 sbatch --nodes=4 --gpus-per-node=2 docs/cluster/slurm.sh … --device gpu
#SBATCH --job-name=autograder
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
# What a submission may use (2 GiB) and its share of templates and workers.
#SBATCH --mem-per-cpu=2500M
#SBATCH --time=04:00:00
# The job goes on without a machine that is lost; without the first one it begins again, and goes on
# after what is graded.
#SBATCH --no-kill
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# Keys and the scheduler's address, for this job alone: in a folder that all nodes see.
private=$PWD/.autograder/slurm-$SLURM_JOB_ID
rm -rf "$private" && mkdir -p -m 700 "$private"
end() {  # workers first: they would miss the scheduler
    [[ -z ${workers:-} ]] || { scancel --quiet --signal=TERM "$SLURM_JOB_ID.0"; wait "$workers"; }
    [[ -z ${scheduler:-} ]] || { kill "$scheduler"; wait "$scheduler"; }
    rm -rf "$private"
}
trap 'end || true' EXIT
# One key for all: who has it may be scheduler, worker or client, nobody else.
openssl req -x509 -newkey rsa:3072 -nodes -days 30 -subj "/CN=autograder job $SLURM_JOB_ID" \
    -keyout "$private/key.pem" -out "$private/certificate.pem" 2>"$private/openssl.log" ||
    { cat "$private/openssl.log" >&2; exit 1; }
export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE=$private/certificate.pem
for role in SCHEDULER WORKER CLIENT; do
    export "DASK_DISTRIBUTED__COMM__TLS__${role}__CERT=$private/certificate.pem"
    export "DASK_DISTRIBUTED__COMM__TLS__${role}__KEY=$private/key.pem"
done

# Dask's web pages ask nobody who they are, and show what is being graded: none.
export DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES='[]' DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'
export DASK_LOGGING__DISTRIBUTED=warning

# A free port: other jobs may have the same machine.
dask scheduler --protocol tls --port 0 --no-dashboard \
    --scheduler-file "$private/scheduler.json" &
scheduler=$!
until [[ -s $private/scheduler.json ]]; do
    kill -0 "$scheduler" || { echo "The scheduler did not start; its log is above." >&2; exit 1; }
    sleep 0.5
done
address=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' \
    "$private/scheduler.json")

# Dask starts Pythons, which would import from this folder.
export PYTHONSAFEPATH=1
# Workers start processes of their own (the sandbox), which Python forbids to daemons.
export DASK_DISTRIBUTED__WORKER__DAEMON=False
# Of a machine's slots, those that share its GPUs are threads of one worker, which knows who has
# which; the others are workers without a GPU.
on_machine() {
    local gpu=$((${SLURM_GPUS_ON_NODE:-0} * ${SLOTS_PER_GPU:-1})) cpu
    cpu=$((SLURM_CPUS_PER_TASK - gpu))
    trap 'kill $(jobs -p) 2>/dev/null' TERM
    if ((gpu > 0)); then
        dask worker "$@" --nworkers 1 --nthreads "$gpu" --resources "GPU=$gpu" &
    fi
    if ((cpu > 0)); then
        CUDA_VISIBLE_DEVICES=-1 dask worker "$@" --nworkers "$cpu" --nthreads 1 &
    fi
    wait
    wait  # TERM has ended the first one
}
export -f on_machine
# Since Slurm 22.05 `srun` has to be told the number of cores.  What one machine's workers die of
# must not end the others (--no-kill, --kill-on-bad-exit=0).
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --no-kill --kill-on-bad-exit=0 \
    bash -c 'on_machine "$@"' on_machine "$address" --memory-limit 0 --no-dashboard \
    --death-timeout 60 --local-directory "${TMPDIR:-/tmp}" &
workers=$!

autograder grade --engine "$address" "$@"

#!/bin/sh
# Runs `calibrate mps`, or the parts that are named, under an MPS daemon of its own, and ends the daemon.
#
#   ./mps.sh ./calibrate [part…] > mps1.json
set -eu

calibrate=${1:?"which calibrate program?"}
shift
folder=$(mktemp -d "${TMPDIR:-/tmp}/calibrate-mps-XXXXXX")
export CUDA_MPS_PIPE_DIRECTORY="$folder/pipe" CUDA_MPS_LOG_DIRECTORY="$folder/log"
mkdir "$CUDA_MPS_PIPE_DIRECTORY" "$CUDA_MPS_LOG_DIRECTORY"

stop() {
  # The daemon is ours alone: its pipe is in our folder. It leaves once its clients have.
  if echo quit | timeout 20 nvidia-cuda-mps-control > /dev/null 2>&1; then
    rm -rf "$folder"
  else
    echo "mps.sh: the daemon of $folder did not answer; its log is there" >&2
  fi
}
trap stop EXIT
trap 'exit 130' INT TERM

nvidia-cuda-mps-control -d
timeout 120 "$calibrate" "${@:-mps}"

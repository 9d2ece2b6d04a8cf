#!/usr/bin/env bash
# Gradescope runs this once, when it builds the autograder's image: what run_autograder needs.
set -euo pipefail
cd "${1:-/autograder}/source"

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq python3 python3-venv bubblewrap

# The index of torch's CPU build, if the zip was built with one (--extra-index-url).
if [ -f pip.conf ]; then
  export PIP_CONFIG_FILE="$PWD/pip.conf"
fi
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  -r requirements.txt -c constraints.txt
.venv/bin/python -c 'import torch; print("torch", torch.__version__)'

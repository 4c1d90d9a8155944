#!/bin/sh
# A private network of three geth nodes on this machine: up, prove, down; --help tells the rest.
cd "$(dirname "$0")/.." && exec .venv/bin/python -m scripts.networking "$@"

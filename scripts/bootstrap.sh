#!/bin/sh
# Chooses a fitting Python and hands over: scripts/bootstrap.py makes .venv, scripts/toolchain.py the rest.
# PYTHON names one to use; otherwise the first that fits of python3, python3.13, python3.12 and python3.11.
cd "$(dirname "$0")/.." || exit 1

version_of() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

found=
chosen=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    version=$(version_of "$candidate") || continue
    case $version in
        3.11.* | 3.12.* | 3.13.*) chosen=$candidate; break ;;
        *) found="$found $candidate is $version;" ;;
    esac
done

if [ -z "$chosen" ]; then
    echo "Chartkey needs Python 3.11, 3.12 or 3.13, and${found:-" none was found in ${PYTHON:-PATH};"}" \
        "install one (on Debian: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
fi

"$chosen" -m scripts.bootstrap && exec .venv/bin/python -m scripts.toolchain setup

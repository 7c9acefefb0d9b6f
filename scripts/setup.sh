#!/bin/sh
# Sets up what a fresh machine lacks: a virtual environment, the Python packages and, on
# Debian and its kin, the few system packages. Usage: setup.sh demo|serve|test
set -eu
cd "$(dirname "$0")/.."
what=${1:-demo}
python=${PYTHON:-python3}
venv=${VENV:-.venv}

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

# Debian packages: best effort, each worth a line if it cannot be had.
debian() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ ! -e "$venv/.apt-updated" ] && [ ! -e /tmp/.elicense-apt-updated ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 || return 1
        : >/tmp/.elicense-apt-updated || true
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        "$@" >&2
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Python 3.11 or later is needed; this is $("$python" --version 2>&1)."
    say "Give another one with: make PYTHON=/path/to/python3.12 $what"
    exit 2
}

if [ ! -x "$venv/bin/python" ]; then
    say "Making a virtual environment in $venv"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
        rm -rf "$venv"
        minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        debian "python$minor-venv" || debian python3-venv || true
        "$python" -m venv "$venv" || {
            say "The venv module is missing. On Debian: apt-get install python3-venv"
            exit 2
        }
    fi
fi

# zbar reads codes on bad scans; without it that one reader is missing, nothing else.
if ! "$python" -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("zbar"))'; then
    debian libzbar0 || say "libzbar0 could not be installed: the second QR reader will be missing."
fi
# What the tests hold our answers against; each is skipped, with its reason, where missing.
need() {  # need COMMAND-OR-FILE PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || debian "$2" ||
        say "$2 could not be installed: the tests that use it are skipped."
}
if [ "$what" = test ]; then
    need openssl openssl
    need qpdf qpdf
    need pdfsig poppler-utils
    need softhsm2-util softhsm2
    need chromium chromium
    need /usr/lib/postgresql postgresql
    need /usr/share/fonts/truetype/lxgw-wenkai fonts-lxgw-wenkai
fi

say "Installing Python packages"
extra=""
[ "$what" = test ] && extra="[test]"
[ "$what" = serve ] && extra="[server]"
"$venv/bin/python" -m pip install -q --disable-pip-version-check -e ".$extra"
if [ "$what" = test ]; then
    # other people's readers, to hold ours against: best effort, the tests say what is missing
    for package in python-pkcs11 easyofd; do
        "$venv/bin/python" -m pip install -q --disable-pip-version-check "$package" ||
            say "$package could not be installed: the tests that use it are skipped."
    done
fi

#!/bin/sh
# Makes .venv and installs Banjun into it; run again it notices that nothing changed and is done.
#   sh setup.sh          what `make run` needs: agent and collector
#   sh setup.sh agent    only the agent, for a machine in a school
#   sh setup.sh lan      the same and what a school's sentinel needs: SNMP and raw frames
#   sh setup.sh dev      everything, with the tools for tests and checks
# pip's own configuration (index, proxy, certificates, PIP_* variables) decides where packages come
# from. Versions and hashes come from the lock files. No root needed.
set -eu
cd "$(dirname "$0")"

mode=${1:-run}
case $mode in # what it installs, how much that is, and which earlier set-ups are enough
agent) lock=requirements-agent.lock size='4 MB' enough='agent lan run dev' ;;
lan) lock=requirements-lan.lock size='12 MB' enough='lan dev' ;;
run) lock=requirements.lock size='60 MB' enough='run dev' ;;
dev) lock=requirements-dev.lock size='110 MB' enough='dev' ;;
*)
    echo "用法 usage: sh setup.sh [agent|lan|run|dev]" >&2
    exit 2
    ;;
esac

venv=.venv
# Python compiles what it first imports, in the files' owner's name. What root installs is run by
# others, who may not write here, so there it is compiled now.
bytecode=--no-compile
[ "$(id -u)" -ne 0 ] || bytecode=--compile
stamp=$venv/banjun-setup
log=$venv/setup.log

say() { printf '%s\n' "$*"; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# What root installs is run by other accounts: each folder on the way must let them in.
is_open_to_all() {
    path=$(readlink -f "$("$1" -c 'import sys; print(sys.executable)')")
    while [ "$path" != / ]; do
        case $(stat -c %A "$path") in *[xt]) ;; *) return 1 ;; esac
        path=$(dirname "$path")
    done
}

# The first Python that is new enough; $PYTHON, where given, is the only candidate. For root, one
# that others can run comes before one that they cannot.
find_python() {
    candidates=${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}
    if [ "$(id -u)" -eq 0 ]; then
        for name in $candidates; do
            if is_new_enough "$name" && is_open_to_all "$name" &&
                "$name" -c 'import ensurepip, venv' 2>/dev/null; then
                command -v "$name"
                return
            fi
        done
    fi
    for name in $candidates; do
        if is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
}

# Says which packages are missing, and the one line that installs them.
need() {
    say "缺少：$1。请先安装，然后重试：" >&2
    say "Missing: $1. Install it, then try again:" >&2
    say "    ${sudo}apt install $2" >&2
    exit 1
}

check_system() {
    sudo=''
    [ "$(id -u)" -eq 0 ] || sudo='sudo '
    packages=''
    command -v make >/dev/null || packages=' make'
    python=$(find_python)
    if [ -z "$python" ]; then
        found=$(python3 --version 2>/dev/null || true)
        need "Python 3.11+ (${found:-没有 python3 · no python3})" "python3 python3-venv$packages"
    fi
    # Debian ships venv without ensurepip until python3-venv is installed.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$python" = /usr/bin/python3 ]; then
            need "venv" "python3-venv$packages"
        fi
        need "venv ($python)" "python$version-venv$packages"
    fi
    [ -z "$packages" ] || need "make" "make"
    if [ "$(id -u)" -eq 0 ] && ! is_open_to_all "$python"; then
        say "注意：只有 root 能运行 $python，别的账户不能；请安装 python3-venv，再运行一次。" >&2
        say "Note: only root can run $python. For a service of another account install python3-venv, then run this again." >&2
    fi
}

# Everything that a finished set-up depends on: the locks, the project, where it lies, its Python.
fingerprint() {
    cat requirements*.lock pyproject.toml | cksum
    pwd
    "$venv/bin/python" -c 'import sys; print(sys.version_info[:3])' 2>/dev/null || say "no python"
}

is_done() {
    [ -f "$stamp" ] || return 1
    wanted=$(fingerprint)
    for done in $enough; do
        [ "$(cat "$stamp")" != "$wanted
$done" ] || return 0
    done
    return 1
}

# pip, one line for each package that it fetches; everything else goes to the log.
pip_install() {
    {
        "$venv/bin/python" -m pip --disable-pip-version-check install --progress-bar off \
            $bytecode "$@" 2>>"$log" || : >"$venv/setup.failed"
    } | tee -a "$log" |
        sed -n 's/^ *\(Downloading\|Using cached\) \(.*\/\)\{0,1\}\([^ /-]*-[^ /-]*\)[^ ]* \((.*)\)$/      \3 \4/p'
    # (aiohttp-3.14.5-cp311-... is shown as aiohttp-3.14.5)
    if [ -e "$venv/setup.failed" ]; then
        say "安装失败，以下是日志 $log 的末尾；重新运行即可接着安装。" >&2
        say "Installing failed; the end of $log follows. Run it again to go on." >&2
        tail -n 15 "$log" >&2
        exit 1
    fi
}

is_done && exit 0
check_system
say "[1/3] 创建 Python 环境 $venv · creating the Python environment"
# --clear: an environment of another Python or another folder is not repaired but replaced.
# One that only lacks packages is kept, and the new ones are added to it.
if ! "$venv/bin/python" -c 'import pip' 2>/dev/null ||
    ! head -n 3 "$venv/bin/pip" 2>/dev/null | grep -qF "$(pwd)/$venv"; then
    "$python" -m venv --clear "$venv"
fi
rm -f "$stamp" "$venv/setup.failed" "$log"
say "[2/3] 安装依赖（首次约 $size，之后直接跳过）· installing dependencies (about $size, once)"
pip_install --require-hashes -r "$lock"
say "[3/3] 安装班均 · installing Banjun"
pip_install --no-deps --no-build-isolation --editable .
[ "$bytecode" = --no-compile ] || "$venv/bin/python" -m compileall -q agent collector config probes
{
    fingerprint
    say "$mode"
} >"$stamp"
say "完成 · done"

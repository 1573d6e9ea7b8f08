#!/bin/sh
# Installs the Debian packages that tests talk to, where that is possible: as root, with apt.
# Never fails: a test whose server is missing is skipped, and pytest's summary says so.
set -u
cd "$(dirname "$0")" || exit 0

missing=''
command -v dpkg-query >/dev/null || exit 0
# shellcheck disable=SC2013  # one word a line
for package in $(sed 's/#.*//' debian-packages.txt); do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "部分测试需要以下软件包，将被跳过 · tests that need these packages will be skipped:$missing"
    echo "    sudo apt install$missing"
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# A server that Debian starts by itself would take a port, and is not the one that a test starts.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT
fi
echo "安装测试所需的软件包 · installing what tests talk to:$missing"
for package in $missing; do
    apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 && continue
    [ -n "${updated:-}" ] || apt-get update >/dev/null 2>&1
    updated=yes
    apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 ||
        echo "无法安装 · cannot install: $package"
done
exit 0

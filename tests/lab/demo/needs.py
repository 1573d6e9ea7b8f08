"""What the demonstration cannot do without, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables", "iperf3": "iperf3"}
SHAPER = "tbf rate 1mbit burst 3200 limit 6000"
INTENT = """\
演示用 Linux 网络命名空间（ip netns）在本机里搭一个小县：教育局、运营商线路、学校网关和电脑，
线路用 tc tbf 限速。一切都在命名空间和一个临时文件夹里，结束时全部删除；不改动本机的网络，
不连接外网，只在本机 127.0.0.1 上打开一个网页端口。
The demonstration builds a small county in network namespaces (ip netns) of this machine: a
bureau, providers' lines, gateways and PCs of schools, with lines shaped by tc tbf. All of it is
in namespaces and one temporary folder, and is removed at the end. The network of the machine
is not changed and nothing outside is contacted; one port is opened on 127.0.0.1, for pages."""


def missing() -> list[str]:
    """What is not there, each with the next step, in both languages. Empty: it can begin."""
    if sys.platform != "linux":
        return ["需要 Linux · needs Linux"]
    found = []
    packages = sorted({p for program, p in PACKAGES.items() if shutil.which(program) is None})
    if packages:
        names = " ".join(packages)
        found.append(f"缺少软件包 · packages are missing: {names}\n    sudo apt install {names}")
    if os.geteuid() != 0:
        found.append("需要 root · needs root:\n    sudo make demo")
    elif not found and (why := _cannot_shape()):
        found.append(f"内核不支持 · the kernel cannot do it: {why}")
    return found


def _cannot_shape() -> str:
    """Why a namespace with a shaped interface cannot be made here; "" if it can."""
    name = f"banjun-lab-{os.getpid()}-try"
    steps = (
        f"ip netns add {name}",
        f"ip -n {name} link add one type veth peer name two",
        f"ip -n {name} link add three type bridge",
        f"ip netns exec {name} tc qdisc add dev one root {SHAPER}",
    )
    try:
        for step in steps:
            done = subprocess.run(step.split(), capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"{step}: {done.stderr.strip()}"
        return ""
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

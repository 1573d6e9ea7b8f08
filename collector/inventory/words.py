"""What kinds, uses, standings and facts are called, and how people spell them in a sheet."""

from __future__ import annotations

from collections.abc import Mapping

from collector.inventory.facts import Key
from collector.inventory.model import DeviceKind, Standing, Use
from probes.text import Text

KINDS: Mapping[DeviceKind, Text] = {
    DeviceKind.GATEWAY: Text("网关", "gateway"),
    DeviceKind.SWITCH: Text("交换机", "switch"),
    DeviceKind.ACCESS_POINT: Text("无线接入点", "access point"),
    DeviceKind.SERVER: Text("服务器", "server"),
    DeviceKind.PC: Text("电脑", "PC"),
    DeviceKind.TABLET: Text("平板电脑", "tablet"),
    DeviceKind.SMART_BOARD: Text("班班通一体机", "smart board"),
    DeviceKind.PROJECTOR: Text("投影机", "projector"),
    DeviceKind.PRINTER: Text("打印机", "printer"),
    DeviceKind.CAMERA: Text("摄像机", "camera"),
    DeviceKind.RECORDER: Text("录像机", "recorder"),
    DeviceKind.CODEC: Text("录播与视频会议终端", "codec"),
    DeviceKind.UPS: Text("UPS", "UPS"),
    DeviceKind.PHONE: Text("手机", "phone"),
    DeviceKind.UNKNOWN: Text("未知", "unknown"),
}
"""In the order in which they are shown."""
USES: Mapping[Use, Text] = {
    Use.STUDENT: Text("学生用", "pupils"),
    Use.TEACHER: Text("教师用", "teachers"),
    Use.ADMIN: Text("办公用", "administration"),
    Use.UNKNOWN: Text("", ""),
}
STANDINGS: Mapping[Standing, Text] = {
    Standing.NEW: Text("新发现", "new"),
    Standing.KNOWN: Text("在册", "known"),
    Standing.IGNORED: Text("不管", "ignored"),
    Standing.SCRAPPED: Text("已报废", "scrapped"),
}
FACTS: Mapping[str, Text] = {
    Key.ADDRESS: Text("地址", "address"),
    Key.PORT: Text("交换机端口", "switch port"),
    Key.NAME: Text("名称", "name"),
    Key.DESCRIPTION: Text("自述", "description"),
    Key.OBJECT_ID: Text("SNMP 系统编号", "SNMP system number"),
    Key.MAKER: Text("SNMP 厂商", "maker by SNMP"),
    Key.CAPABILITIES: Text("LLDP 能力", "LLDP capabilities"),
    Key.GATEWAY: Text("默认网关地址", "default gateway address"),
    Key.BRIDGE: Text("有转发表", "has a forwarding table"),
    Key.PRINTER: Text("应答打印机表", "answers the printer tables"),
    Key.UPS: Text("应答 UPS 表", "answers the UPS tables"),
    Key.WIRELESS: Text("应答无线表", "answers the wireless tables"),
    Key.PJLINK: Text("应答 PJLink", "answers PJLink"),
}
YES = frozenset({Key.BRIDGE, Key.PRINTER, Key.UPS, Key.WIRELESS, Key.PJLINK})
"""Facts whose value says no more than their name."""

SPELLINGS: Mapping[DeviceKind, tuple[str, ...]] = {
    DeviceKind.GATEWAY: ("路由器", "防火墙", "router"),
    DeviceKind.ACCESS_POINT: ("AP", "无线AP"),
    DeviceKind.PC: ("计算机", "台式机", "笔记本", "云终端", "computer", "laptop"),
    DeviceKind.TABLET: ("平板",),
    DeviceKind.SMART_BOARD: ("一体机", "智能交互屏", "电子白板", "白板", "班班通"),
    DeviceKind.PROJECTOR: ("投影仪",),
    DeviceKind.PRINTER: ("复印机", "一体打印机"),
    DeviceKind.CAMERA: ("摄像头",),
    DeviceKind.RECORDER: ("NVR", "硬盘录像机"),
    DeviceKind.CODEC: ("录播主机", "视频会议终端"),
    DeviceKind.PHONE: ("电话",),
}
"""Other words for kinds; a cloud terminal is a computer."""

"""What the columns of labels are called on pages; a label that is not here goes by its own name."""

from __future__ import annotations

from probes.text import Text

_TITLES = {
    "address": Text("地址", "Address"),
    "alarm": Text("告警", "Alarm"),
    "answer": Text("答复", "Answer"),
    "build": Text("内部版本", "Build"),
    "capabilities": Text("能力", "Capabilities"),
    "category": Text("类别", "Category"),
    "description": Text("自述", "Description"),
    "direction": Text("方向", "Direction"),
    "flags": Text("标志", "Flags"),
    "how": Text("拦截方式", "How blocked"),
    "input": Text("输入源", "Input"),
    "interface": Text("接口", "Interface"),
    "item": Text("项目", "Item"),
    "job": Text("作业", "Job"),
    "kind": Text("种类", "Kind"),
    "layer": Text("计量层", "Layer"),
    "lifetime": Text("有效秒数", "Lifetime (s)"),
    "mac": Text("MAC 地址", "MAC"),
    "maker": Text("厂商", "Maker"),
    "manager": Text("管理者", "Managed by"),
    "medium": Text("网卡类型", "Medium"),
    "method": Text("方式", "Method"),
    "model": Text("型号", "Model"),
    "name": Text("名称", "Name"),
    "neighbour": Text("邻居", "Neighbour"),
    "neighbour_port": Text("邻居端口", "Neighbour port"),
    "object_id": Text("型号标识", "sysObjectID"),
    "part": Text("部分", "Part"),
    "place": Text("位置", "Place"),
    "port": Text("端口", "Port"),
    "prefixes": Text("前缀", "Prefixes"),
    "printer": Text("打印机", "Printer"),
    "privilege": Text("权限", "Privilege"),
    "product": Text("产品", "Product"),
    "protocol": Text("协议", "Protocol"),
    "release": Text("版本", "Release"),
    "resolvers": Text("域名服务器", "Resolvers"),
    "router": Text("网关", "Router"),
    "server": Text("服务器", "Server"),
    "source": Text("来源", "Source"),
    "state": Text("状态", "State"),
    "status": Text("状态码", "Status"),
    "system": Text("系统", "System"),
    "tier": Text("测法", "Tier"),
    "validity": Text("有效性", "Validity"),
    "vantage": Text("测点", "Vantage"),
    "vendor": Text("厂商", "Vendor"),
    "vlan": Text("VLAN", "VLAN"),
    "why": Text("原因", "Why"),
}


def label_title(name: str) -> Text:
    return _TITLES.get(name, Text(name, name))

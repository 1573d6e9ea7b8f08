"""Why a device, or a table of it, told nothing; in words that say what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from probes.text import Text

NO_ANSWER, REFUSED, SILENT_BEFORE = "no_answer", "refused", "silent_before"
BAD_ANSWER, NO_ACCESS, TOO_SLOW = "bad_answer", "no_access", "too_slow"
WRONG_KEY, WRONG_PRIVACY, UNKNOWN_USER = "wrong_key", "wrong_privacy", "unknown_user"
UNSUPPORTED_LEVEL, NOT_IN_TIME = "unsupported_level", "not_in_time"
ENDLESS_WALK, TOO_LARGE, NO_TABLE = "endless_walk", "too_large", "no_table"
NO_DEVICES = "no_devices"

DEVICE_REASONS: Mapping[str, Text] = {
    NO_ANSWER: Text(
        "设备没有应答。可能断电、断网、未启用 SNMP、不允许本机访问，或从另一地址应答；v2c 的团体名"
        "不对时设备也不作声。请先 ping，再核对团体名和设备上的 SNMP 访问名单。",
        "The device gave no answer. It may be off, cut off, without SNMP, closed to this machine, "
        "or answer from another address; to a wrong v2c community a device keeps silent too. Ping "
        "it, then compare the community and the device's list of SNMP clients.",
    ),
    REFUSED: Text(
        "设备在线，但其 SNMP 端口没有服务。请在设备上启用 SNMP，或更正端口。",
        "The device is there, but nothing listens on its SNMP port. Enable SNMP on the device, or "
        "correct the port.",
    ),
    SILENT_BEFORE: Text(
        "设备之前没有应答，这次没有询问；沉默的设备至少每 5 分钟询问一次。",
        "The device gave no answer before and was not asked this time; a silent device is asked "
        "once in 5 minutes at least.",
    ),
    BAD_ANSWER: Text(
        "设备的应答不符合 SNMP：内容无法解码、请求号或版本不对，或报告出错。请核对地址和端口是否"
        "确是这台设备，并考虑升级其固件。",
        "What the device answered is not SNMP as asked: it cannot be decoded, bears another "
        "request's number or version, or is an error. Check that address and port are this "
        "device's, and consider newer firmware.",
    ),
    NO_ACCESS: Text(
        "设备认识这个团体名或用户，但不让它读取所需内容。请在设备上放宽其视图（view）。",
        "The device knows the community or user, but does not let it read what is wanted. Widen "
        "its view on the device.",
    ),
    TOO_SLOW: Text(
        "设备有应答，但在规定时间内没有说完。请查看设备的负载。",
        "The device answers, but did not finish in the time allowed. Look at its load.",
    ),
    WRONG_KEY: Text(
        "设备认识这个 v3 用户，但认证或加密密钥（或其算法）不符。请重新输入两个密钥并核对算法。",
        "The device knows the v3 user, but the key of authentication or privacy, or its algorithm, "
        "differs. Enter both keys again and compare the algorithms.",
    ),
    WRONG_PRIVACY: Text(
        "设备应答了 v3 的第一个问题，对加密的请求却不作声。多半是加密密钥或算法不符：请重新输入"
        "加密密钥并核对算法。",
        "The device answered the first question of v3, and then nothing that was encrypted. Most "
        "likely the key of privacy or its algorithm differs: enter the key again and compare the "
        "algorithms.",
    ),
    UNKNOWN_USER: Text(
        "设备上没有这个 v3 用户。请核对用户名，或在设备上创建。",
        "The device has no such v3 user. Compare the name, or create the user on the device.",
    ),
    UNSUPPORTED_LEVEL: Text(
        "设备不允许这个 v3 用户使用这一安全级别。请让两边的认证和加密算法一致。",
        "The device does not permit this security level to the v3 user. Make authentication and "
        "privacy the same on both sides.",
    ),
    NOT_IN_TIME: Text(
        "设备的 v3 引擎时间不可信（重启计数没有保存或已到顶）。请在设备上重建 SNMP 引擎标识。",
        "The time of the device's v3 engine cannot be trusted: its count of starts is not kept, or "
        "is at its end. Give the device a new SNMP engine ID.",
    ),
}
"""Of a device as a whole; beside the common reasons unresolved, no_route, no_socket, deadline."""

TABLE_REASONS: Mapping[str, Text] = {
    ENDLESS_WALK: Text(
        "设备的表没有尽头：读过的行又出现了，已停止读取。请考虑升级设备固件。",
        "The device's table has no end: a row came that had come before, so the walk was ended. "
        "Consider newer firmware.",
    ),
    TOO_LARGE: Text(
        "设备的表超过允许的行数，其余未读。",
        "The device's table has more rows than are allowed; the rest was not read.",
    ),
    NO_TABLE: Text(
        "设备有应答，但没有这张表（或不让本用户读）。",
        "The device answers, but has no such table, or does not let this user read it.",
    ),
}

SNMP_REASONS: Mapping[str, Text] = {
    **DEVICE_REASONS,
    **TABLE_REASONS,
    NO_DEVICES: Text(
        "没有配置要询问的设备。请在本校的配置中添加。",
        "No device to ask is configured. Add them to this school's configuration.",
    ),
}
"""Of every instrument that asks by SNMP."""

SILENT = frozenset({NO_ANSWER, WRONG_PRIVACY})
"""Each took its time-outs to find out: such a device is asked less often."""

FAILED = frozenset({NO_ANSWER, REFUSED, BAD_ANSWER, TOO_SLOW, NOT_IN_TIME, ENDLESS_WALK, TOO_LARGE})
"""Facts about the device. With all others nothing was learned of it: not_run."""

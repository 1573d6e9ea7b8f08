"""The label `why` of capacity readings in words: why a measurement is not valid."""

from __future__ import annotations

from collections.abc import Mapping

from collector.judge.capacity import CAPACITY
from probes.catalog import Catalog
from probes.text import Text

WORDS: Mapping[str, Text] = {
    # Trains
    "nothing_arrived": Text("发出的 UDP 包一个也没有到达", "not one of the UDP packets arrived"),
    "udp_blocked": Text("UDP 被拦截", "UDP does not get through"),
    "tcp_blocked": Text("测速端口被拦截", "the server's port does not get through"),
    "intercepted": Text(
        "有设备截下连接并代为应答（认证门户、内容过滤）",
        "something takes the connection and answers itself (a portal, a filter)",
    ),
    "out_of_time": Text("许可的时间用完了", "the time that was granted was over"),
    "not_sent": Text("测速服务器没能发送", "the measurement server could not send"),
    "few_packets": Text("到达的包太少", "too few packets arrived"),
    "short": Text("包列太短，测不准这么快的线路", "trains were too short for so fast a line"),
    "lumpy": Text(
        "包成批到达（无线或 GPON 按批授权）", "packets came in lumps, as radio and GPON grant them"
    ),
    "receiver_dropped": Text("接收的机器丢了包", "the receiving machine dropped packets"),
    "above_interface": Text(
        "读出的速率高于网口本身", "the rate read was above the interface's own"
    ),
    "coarse_clock": Text("接收时间戳太粗", "the receive timestamps were too coarse"),
    "sender_limited": Text("发送的机器不够快", "the sending machine was not fast enough"),
    "send_rate_unknown": Text("不知道发送有多快", "how fast it was sent is not known"),
    "no_queue": Text("没有排队，可能有限速器", "no queue grew; a policer may drop packets"),
    "mixed": Text("与他人的流量混在一起", "others' traffic was mixed in"),
    "unsteady": Text(
        "速率不平稳（令牌桶或成批授权）", "the rate was not steady (token bucket, or grants)"
    ),
    "few_trains": Text("有效的包列太少", "too few trains were good"),
    "spread": Text("各列相差太大", "the trains differed too much"),
    "below_use": Text(
        "读数低于线路正在承载的流量（公平队列）", "it was below what the line carried (fair queue)"
    ),
    "above_streams": Text(
        "包列比持续速率快（令牌桶）", "trains were faster than the line sustains (token bucket)"
    ),
    "too_big": Text("路径过不去 1428 字节的包", "the path takes no packets of 1428 bytes"),
    # Streams
    "machine_limited": Text("本机不够快", "this machine was not fast enough"),
    "class_disturbed": Text("课堂受影响，已中止", "it was stopped for the sake of a lesson"),
    "spent": Text("用完了许可的字节", "the bytes that were granted were used up"),
    "no_counter": Text("没有出口计数器", "there is no counter of the line"),
    "counter_reset": Text("出口计数器被重置", "the line's counter was reset"),
    "merged_packets": Text("计数器合并了报文", "the counter took several packets for one"),
    # Watching
    "not_full": Text("线路没有被用满", "the line was not full"),
    "no_baseline": Text("还不知道空闲时的时延", "the delay of an empty line is not known yet"),
    "clock": Text("两端时钟的走时变化太大", "the clocks drift too much against each other"),
    "no_key": Text("没有反射器密钥", "there is no key for the reflector"),
    "no_reflector": Text("没有反射器", "there is no reflector"),
    "few_replies": Text("反射器的应答太少", "too few replies of the reflector"),
    "no_delay": Text("平稳但没有排队", "it was steady without a queue"),
    "losses": Text("上行丢包", "packets were lost on the way out"),
}
NOT_SAID = Text("原因不明", "why is not known")


def words_of(why: str, catalog: Catalog) -> Text:
    """Without a full stop; the bare code for one that this version does not know."""
    if why in {"", "-"}:
        return NOT_SAID
    return WORDS.get(why) or _plain(catalog.reason(CAPACITY.probe, why))


def _plain(text: Text) -> Text:
    return Text(text.zh.rstrip("。"), text.en.rstrip("."))

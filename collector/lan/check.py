"""Descriptions of networks against the register: what would come to nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from collector.lan.credential import FILE
from collector.lan.schedule import ROLES
from collector.lan.site import Gear, Site
from collector.lan.sites import Described
from collector.register.model import Agent, School
from probes.text import Text


def remarks_on(
    described: Described, schools: Mapping[str, School], agents: Sequence[Agent]
) -> list[tuple[str, Text]]:
    """(file, what is remarkable), without the mistakes of the files themselves.

    `schools`: the register, by code.
    """
    asked = {agent.school for agent in agents if agent.role in ROLES and not agent.revoked}
    found = [
        (f"{code}.toml", text)
        for code, site in sorted(described.sites.items())
        for text in _of_site(site, schools.get(code), is_asked=code in asked)
    ]
    if set(described.faults) - {FILE}:
        return found  # a file that could not be read may name any of them
    used = {id for site in described.sites.values() for id in site.credentials()}
    return found + [(FILE, _unused(id)) for id in sorted(described.credentials.keys() - used)]


def _of_site(site: Site, school: School | None, *, is_asked: bool) -> Iterator[Text]:
    if school is None:
        yield Text(
            f"登记库里没有学校 {site.school}；请核对文件名，或先用 schools import 登记。",
            f"The register has no school {site.school}; check the file's name, or register it "
            "with schools import.",
        )
        return
    if not is_asked:
        yield Text(
            "这所学校没有网关或哨兵角色的代理程序，没有人会去看；"
            f"请用 token create {site.school} --role sentinel 注册一个。",
            "No agent of the role gateway or sentinel is enrolled there, so nobody looks; enrol "
            f"one with token create {site.school} --role sentinel.",
        )
    yield from _of_rooms(site, {room.id for room in school.rooms})
    if site.uplink is not None:
        yield from _of_uplink(site.uplink.link, [link.name for link in school.links])


def _of_rooms(site: Site, known: Collection[str]) -> Iterator[Text]:
    """Where rooms are registered: what is judged by room finds gear by the room's id."""
    if not known:
        return
    zh, en = "、".join(sorted(known)), ", ".join(sorted(known))
    gear: list[Gear] = [*site.devices, *site.projectors]
    for each in gear:
        if each.room and each.room not in known:
            yield Text(
                f"“{each.name}”的房间“{each.room}”没有登记；登记的编号有：{zh}。"
                "请改正，或用 rooms import 补登记。",
                f"The room {each.room!r} of {each.name!r} is not registered; registered: {en}. "
                "Correct it, or add it with rooms import.",
            )


def _of_uplink(link: str, links: Sequence[str]) -> Iterator[Text]:
    if link in links or (not link and len(links) == 1):
        return
    zh, en = "、".join(links) or "没有", ", ".join(links) or "none"
    yield Text(
        f"uplink.link “{link}”不是这所学校的线路；登记的有：{zh}。",
        f"uplink.link {link!r} is no line of this school; registered: {en}.",
    )


def _unused(id: str) -> Text:
    return Text(
        f"凭据“{id}”没有哪所学校用到；不再需要的秘密请删去。",
        f"No school uses the credential {id!r}; delete a secret that is not needed any more.",
    )

"""One life over several processes and boots, on clocks that the test owns."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from probes.life import Beat, Clocks, First, Life, Note, Stopping, encode_note, note_or_none


@dataclass
class Machine:
    """Its clocks, and the note on its disk."""

    boot: str = "boot-1"
    awake: float = 40.0
    since_boot: float = 40.0
    note: str | None = None
    clean: bool | None = None
    asked: list[str] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        self.awake += seconds
        self.since_boot += seconds

    def sleep(self, seconds: float) -> None:
        self.since_boot += seconds

    def reboot(self, clean: bool | None) -> None:
        self.boot += "+"
        self.awake = self.since_boot = 30.0
        self.clean = clean

    def start(self) -> Life:
        async def keep(note: Note) -> None:
            self.note = encode_note(note)

        def diary() -> bool | None:
            self.asked.append(self.boot)
            return self.clean

        return Life(
            self.boot,
            note_or_none(self.note),
            keep=keep,
            clocks=lambda: Clocks(self.awake, self.since_boot),
            clean_boot=diary,
        )


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_first_beat_ever_knows_the_boot_and_nothing_of_before(machine: Machine) -> None:
    assert await machine.start().beat() == Beat(1, None, None, First(40.0, None, None), None)


async def test_beat_says_how_long_the_machine_was_awake(machine: Machine) -> None:
    life = machine.start()
    await life.beat()
    machine.run(60)
    assert await life.beat() == Beat(2, 60.0, None, None, None)


async def test_beat_after_waking_says_how_long_it_slept(machine: Machine) -> None:
    life = machine.start()
    await life.beat()
    machine.run(10)
    machine.sleep(1800)
    machine.run(20)
    beat = await life.beat()
    assert beat.awake == 30.0
    assert beat.slept == pytest.approx(1800)


async def test_two_clocks_read_one_after_the_other_are_no_sleep(machine: Machine) -> None:
    life = machine.start()
    await life.beat()
    machine.run(60)
    machine.sleep(0.9)
    assert (await life.beat()).slept is None


async def test_killed_agent_of_the_same_boot_broke_off(machine: Machine) -> None:
    await machine.start().beat()
    machine.run(100)
    beat = await machine.start().beat()
    assert beat.first == First(140.0, True, False)
    assert (beat.number, beat.awake) == (2, None)


async def test_stopped_agent_of_the_same_boot_ended_in_order(machine: Machine) -> None:
    life = machine.start()
    await life.beat()
    life.stopping = Stopping.AGENT
    assert (await life.beat()).stopping is Stopping.AGENT
    assert (await machine.start().beat()).first == First(40.0, True, True)


async def test_sleep_between_two_processes_of_one_boot_is_seen(machine: Machine) -> None:
    await machine.start().beat()
    machine.sleep(600)
    assert (await machine.start().beat()).slept == pytest.approx(600)


async def test_machine_that_said_goodbye_went_down_in_order_whatever_the_diary(
    machine: Machine,
) -> None:
    life = machine.start()
    life.stopping = Stopping.MACHINE
    await life.beat()
    machine.reboot(clean=False)
    assert (await machine.start().beat()).first == First(30.0, False, True)
    assert machine.asked == []


@pytest.mark.parametrize("clean", [True, False, None])
async def test_diary_of_boots_tells_how_a_boot_ended_without_a_word(
    machine: Machine, clean: bool | None
) -> None:
    await machine.start().beat()
    machine.reboot(clean)
    beat = await machine.start().beat()
    assert beat.first == First(30.0, False, clean)
    assert beat.slept is None


async def test_word_can_be_left_without_a_beat(machine: Machine) -> None:
    life = machine.start()
    await life.beat()
    life.stopping = Stopping.AGENT
    await life.note_stopping()
    beat = await machine.start().beat()
    assert beat.number == 2
    assert beat.first == First(40.0, True, True)


async def test_restored_disk_begins_again_at_the_same_number(machine: Machine) -> None:
    await machine.start().beat()
    frozen = machine.note
    for _ in range(3):
        machine.reboot(clean=True)
        machine.note = frozen
        assert (await machine.start().beat()).number == 2


@pytest.mark.parametrize("text", [None, "", "{", '{"boot":1}', '{"boot":"b","beats":"x"}', "null"])
def test_note_that_cannot_be_read_is_none(text: str | None) -> None:
    assert note_or_none(text) is None


async def test_real_clocks_run(machine: Machine) -> None:
    life = Life("boot")
    beat = await life.beat()
    assert beat.first is not None
    assert beat.first.since_boot is None or beat.first.since_boot > 0
    assert ((await life.beat()).awake or 0) >= 0

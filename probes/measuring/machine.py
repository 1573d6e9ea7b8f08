"""How busy this machine is: a slow computer must not pass for a slow line."""

from __future__ import annotations


class Machine:
    """Counts from when it was made or restarted."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._before = _times()

    def busiest_core(self) -> float:
        """The share of the time in which the busiest core was at work, 0 to 1."""
        shares = [
            (busy - busy_before) / (whole - whole_before)
            for (busy, whole), (busy_before, whole_before) in zip(
                _times(), self._before, strict=False
            )
            if whole > whole_before
        ]
        return max(shares, default=0.0)


def _times() -> list[tuple[float, float]]:
    """Seconds at work and seconds in all, of each core."""
    import psutil

    found: list[tuple[float, float]] = []
    for core in psutil.cpu_times(percpu=True):
        fields = core._asdict()
        for part in ("guest", "guest_nice"):  # they are in user and nice already
            fields.pop(part, None)
        whole = sum(fields.values())
        found.append((whole - fields["idle"] - fields.get("iowait", 0.0), whole))
    return found

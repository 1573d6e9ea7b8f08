from __future__ import annotations

from config.units.cron import line


def test_command_survives_cron_and_the_shell() -> None:
    assert line(5, ["/opt/a b/x", "100%"]) == r"*/5 * * * * '/opt/a b/x' 100\%"


def test_folder_is_entered_where_it_matters() -> None:
    assert line(1, ["x"], "/opt/banjun") == "*/1 * * * * cd /opt/banjun && x"

"""A county's own policies: which file is read, and what is said of one that nothing would read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.judge.judge import read_policies
from config.calendar_file import load_calendar
from config.policy_folder import POLICY_FOLDER, CountyFolder, policies_of
from config.route_file import load_routes
from config.strict import PolicyError

HEFEI = "target-hefei-bandwidth.toml"
ROUTE = '[[route]]\nid = "duty"\nchannels = ["mail"]\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


def adopt(own: Path, name: str, old: str = "", new: str = "") -> None:
    """Take the program's file into the county's folder, changed in one place."""
    text = (POLICY_FOLDER / name).read_text("utf-8")
    assert old in text
    (own / name).write_text(text.replace(old, new, 1), "utf-8")


def test_without_a_folder_of_its_own_a_county_has_what_the_program_brings(tmp_path: Path) -> None:
    folder = policies_of(tmp_path)
    assert folder.own == ()
    assert read_policies(folder) == read_policies()


def test_file_of_the_county_stands_for_the_program_s_of_that_name(
    tmp_path: Path, own: Path
) -> None:
    (own / "routes.toml").write_text(ROUTE)
    folder = policies_of(tmp_path)
    assert folder.own == ("routes.toml",)
    assert [route.id for route in load_routes([], folder)] == ["duty"]
    assert folder / "calendar.toml" == POLICY_FOLDER / "calendar.toml"


def test_target_of_the_county_replaces_and_another_is_added(tmp_path: Path, own: Path) -> None:
    adopt(own, HEFEI, "minimum_readings = 20", "minimum_readings = 7")
    text = (POLICY_FOLDER / "target-access-100m.toml").read_text("utf-8")
    changed = text.replace('id = "national.', 'id = "county.', 1)
    (own / "target-county.toml").write_text(changed, "utf-8")
    shipped, found = read_policies(), read_policies(policies_of(tmp_path))
    hefei = [t for t in found.targets if t.policy == "hefei.egress_per_class"]
    assert {t.delivery.minimum_readings for t in hefei} == {7}
    added = {t.policy for t in found.targets} - {t.policy for t in shipped.targets}
    assert added == {"county.access_100m"}
    assert found.revision != shipped.revision


def test_target_file_without_rows_takes_the_program_s_out_of_force(
    tmp_path: Path, own: Path
) -> None:
    heading = (POLICY_FOLDER / HEFEI).read_text("utf-8").partition("\n[[target]]")[0]
    (own / HEFEI).write_text(f"target = []\n{heading}", "utf-8")
    found = read_policies(policies_of(tmp_path))
    assert {t.policy for t in found.targets} >= {"national.access_100m"}
    assert "hefei.egress_per_class" not in {t.policy for t in found.targets}


def test_order_of_policies_is_that_of_names_whosever_they_are(tmp_path: Path, own: Path) -> None:
    adopt(own, HEFEI)
    assert read_policies(policies_of(tmp_path)).targets == read_policies().targets


def test_name_that_nothing_reads_is_refused(own: Path) -> None:
    (own / "route.toml").write_text(ROUTE)
    with pytest.raises(PolicyError, match=r"policies/route\.toml: .* known: .*routes\.toml"):
        CountyFolder(own)


def test_editor_s_backup_beside_a_file_is_no_policy(own: Path) -> None:
    (own / "routes.toml~").write_text("torn")
    assert CountyFolder(own).own == ()


def test_mistake_names_the_county_s_file_with_its_folder(tmp_path: Path, own: Path) -> None:
    adopt(own, "calendar.toml", "year = 2024", "jahr = 2024")
    with pytest.raises(PolicyError) as caught:
        load_calendar(policies_of(tmp_path) / "calendar.toml")
    assert str(own / "calendar.toml") in caught.value.text.zh


def test_same_id_in_two_files_names_both(tmp_path: Path, own: Path) -> None:
    (own / "target-ours.toml").write_bytes((POLICY_FOLDER / HEFEI).read_bytes())
    with pytest.raises(PolicyError, match=rf"twice: .*/policies/target-ours\.toml, {HEFEI}"):
        read_policies(policies_of(tmp_path))


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX: a file where a folder is expected")
def test_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "policies").write_text("")
    with pytest.raises(PolicyError, match="Cannot read the folder"):
        policies_of(tmp_path)

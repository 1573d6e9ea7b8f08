"""Every fact that a duty asks for is one that some instrument gives with those labels: a check of a
part that never has the metric would be unknown for ever, at every school."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collector.judge.judge import known
from config.duty import FactCheck
from config.duty_file import load_duties
from config.policy_folder import POLICY_FOLDER
from probes.catalog import discover
from probes.posture import PART

PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "posture_accounts": {
        "guest": ("guest_enabled",),
        "builtin_admin": ("builtin_admin_enabled", "builtin_admin_renamed"),
        "password": (
            "password_length_count", "password_expires", "password_age_seconds_max",
            "password_history_count",
        ),
        "complexity": ("password_complexity",),
        "lockout": (
            "lockout_enabled", "lockout_threshold_count", "lockout_seconds",
            "lockout_until_unlocked",
        ),
        "blank": ("blank_password_accounts_count",),
        "unused": ("unused_account_seconds_max",),
        "auto_logon": ("auto_logon",),
    },
    "posture_antivirus": {
        "all": (
            "installed_products_count", "running_products_count", "protecting_products_count",
            "signature_age_seconds",
        ),
        "product": (
            "installed", "running", "enabled", "signatures_current", "real_time",
            "signature_age_seconds",
        ),
    },
    "posture_audit_log": {
        "policy": ("audit_running", "audited_categories_count"),
        "retention": ("retention_seconds", "forwarded", "oldest_record_age_seconds"),
    },
    "posture_dual_homing": {
        "routes": ("default_routes_count", "networks_count"),
        "tether": ("phone_tether_active",),
        "forwarding": ("ip_forwarding",),
    },
    "posture_encryption": {
        "system": ("system_volume_encrypted",),
        "volumes": ("volumes_count", "encrypted_volumes_count"),
    },
    "posture_firewall": {
        "filter": (
            "firewall_active", "ipv4_filtered", "ipv6_filtered", "default_inbound_denied",
            "forward_filtered", "rules_count", "manager_enabled",
        ),
    },
    "posture_os_support": {
        "release": (
            "supported", "support_left_seconds", "support_ended_seconds", "data_age_seconds",
        ),
    },
    "posture_remote_control": {
        "all": ("installed_products_count", "running_products_count"),
        "product": ("installed", "running"),
    },
    "posture_removable_media": {
        "autorun": ("autorun_disabled",),
        "usb_storage": ("usb_storage_blocked",),
    },
    "posture_screen_lock": {
        "session": ("lock_enabled", "lock_after_seconds_max", "sessions_count"),
    },
    "posture_sharing": {
        "smb1": ("smb1_server_enabled", "smb1_client_enabled"),
        "shares": ("default_shares_enabled", "user_shares_count", "open_shares_count"),
        "rdp": ("rdp_enabled", "rdp_nla_required"),
        "plain": (
            "telnet_listening", "ftp_listening", "tftp_listening", "r_services_listening",
        ),
        "ssh": ("ssh_root_login", "ssh_password_login"),
    },
    "posture_time_sync": {"sync": ("time_synchronised", "time_server_configured")},
    "posture_updates": {
        "history": ("last_upgrade_age_seconds", "reboot_required"),
        "lists": ("lists_age_seconds",),
        "pending": ("pending_updates_count", "pending_security_updates_count"),
        "automatic": ("update_service_disabled", "automatic_updates_off"),
    },
}  # fmt: skip
"""Instrument -> part -> what its readings of that part may hold."""
TOTALS = {
    ("posture_antivirus", "product"): PARTS["posture_antivirus"]["all"],
    ("open_ports", "port"): ("unexpected_ports_count",),
}
"""Instrument and label -> the metrics of the reading in which that label is `all`."""

CHECKS = [
    pytest.param(check, id=f"{duty.id}.{check.id}")
    for duty, _ in load_duties(POLICY_FOLDER, known())
    for check in duty.checks
    if isinstance(check, FactCheck)
]


@pytest.mark.parametrize("probe", PARTS)
def test_table_of_parts_holds_every_metric_and_names_its_parts_as_the_instrument(
    probe: str,
) -> None:
    found = discover()[probe]
    metrics = {metric for part in PARTS[probe].values() for metric in part}
    assert metrics == {metric.name for metric in found.measures}
    assert all(part in found.labels[PART].en for part in PARTS[probe])


@pytest.mark.parametrize("check", CHECKS)
def test_fact_of_a_duty_is_given_with_the_labels_that_it_asks_for(check: FactCheck) -> None:
    assert check.probe in PARTS or check.where, "say which parts this instrument has"
    for label, value in check.where:
        if label == PART:
            assert check.metric in PARTS[check.probe].get(value, ()), (label, value)
        else:
            assert value == "all", (label, value)
            assert check.metric in TOTALS[check.probe, label], (label, value)


@pytest.mark.parametrize("check", CHECKS)
def test_machines_whose_fact_is_asked_for_have_the_instrument(check: FactCheck) -> None:
    assert check.roles <= discover()[check.probe].roles

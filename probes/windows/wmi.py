"""Asking WMI (CIM) for the properties of objects, through COM. Neither wmic nor PowerShell."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from probes.model import ProbeError
from probes.windows import com
from probes.windows.com import LONG, POINTER, ULONG, WORDS, Object
from probes.windows.system import library

_LOCATOR = "4590f811-1d3a-11d0-891f-00aa004b2e24"
_IWBEM_LOCATOR = "dc12a687-737f-11cf-884d-00aa004b2e24"
_CONNECT_SERVER, _INSTANCES, _NEXT, _GET = 3, 18, 4, 4
"""Of IWbemLocator, IWbemServices, IEnumWbemClassObject, IWbemClassObject."""

_FORWARD_ONLY, _RETURN_IMMEDIATELY = 0x20, 0x10
_MOST = 32
WAIT_SECONDS = 5.0
"""For one object; a broken repository would keep us for ever."""

# Of the caller's own identity: RPC_C_AUTHN_WINNT, RPC_C_AUTHN_LEVEL_CALL, _IMP_LEVEL_IMPERSONATE.
_WINNT, _NO_AUTHORISATION, _CALL, _IMPERSONATE, _NO_CAPABILITIES = 10, 0, 3, 3, 0


def ask(namespace: str, kind: str, names: Sequence[str]) -> list[dict[str, object]]:
    """Properties `names` of each object of the class `kind`; one that is not there is left out.

    A date is WMI's own text (`times.moment`). uint32 comes as a signed number: that is how
    WMI hands it over. Raises ProbeError: "no_source" where the namespace or the class is not there,
    "no_privilege", "unsupported_system".
    """
    with com.apartment(), ExitStack() as open_:
        services = open_.enter_context(_connected(namespace))
        with com.given_text(kind) as wanted:
            flags = (LONG, _FORWARD_ONLY | _RETURN_IMMEDIATELY)
            found = services.child(_INSTANCES, (POINTER, wanted), flags, (POINTER, None))
        objects = open_.enter_context(found)
        _as_ourselves(objects)
        return [_properties(item, names) for item in _each(objects)]


def _connected(namespace: str) -> Object:
    with com.made(_LOCATOR, _IWBEM_LOCATOR) as locator, com.given_text(namespace) as place:
        nobody = (POINTER, None)
        services = locator.child(
            _CONNECT_SERVER,
            *[(POINTER, place), nobody, nobody, nobody, (LONG, 0), nobody, nobody],
        )
    _as_ourselves(services)
    return services


def _as_ourselves(proxy: Object) -> None:
    blanket = library("ole32").CoSetProxyBlanket
    number = ctypes.c_uint32
    blanket.argtypes = (POINTER, number, number, POINTER, number, number, POINTER, number)
    code = blanket(
        proxy.pointer, _WINNT, _NO_AUTHORISATION, None, _CALL, _IMPERSONATE, None, _NO_CAPABILITIES
    )
    com.checked(int(code), "CoSetProxyBlanket")


def _each(objects: Object) -> Iterator[Object]:
    for _ in range(_MOST):
        found, many = POINTER(), ULONG(0)
        objects.call(
            _NEXT,
            (LONG, int(WAIT_SECONDS * 1000)),
            (ULONG, 1),
            (POINTER, ctypes.byref(found)),
            (POINTER, ctypes.byref(many)),
        )
        if not many.value or not found.value:
            return
        with Object(found.value) as item:
            yield item


def _properties(item: Object, names: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in names:
        try:
            value = item.variant(_GET, (WORDS, name), (LONG, 0), rest=2)
        except ProbeError:  # an older Windows has fewer of them
            continue
        if value is not None:
            values[name] = value
    return values

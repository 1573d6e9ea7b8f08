"""The process that talks SNMP: `python -m probes.snmp`, asked by `probes.apart`."""

from probes import apart
from probes.snmp.poll import answer

if __name__ == "__main__":
    apart.serve(answer)

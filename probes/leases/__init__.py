"""The DHCP lease by which this machine has its address, as its DHCP client keeps it (IPv4)."""

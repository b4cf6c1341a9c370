"""The embedded default of `make run`: real servers on one machine, loopback only, data under var/."""

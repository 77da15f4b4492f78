"""Devices, files and addresses in; stamped samples out. The only place where a sample gets its time."""

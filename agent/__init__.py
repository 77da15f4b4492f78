"""The only floor that touches clocks, devices, sockets and processes."""

__version__ = "0.1.0"

"""The only floor that touches clocks, devices, sockets and processes."""

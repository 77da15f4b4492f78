"""Programs that stand in for hardware in tests: small, in user space, and ended by whoever started them."""

"""The agent for hours in, how its memory, its latency and its ledger hold up out: written to docs/reliability.md."""

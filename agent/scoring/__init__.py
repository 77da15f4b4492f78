"""Recordings in, a folder of results for each out: JSON lines, and what agent.report makes of them."""

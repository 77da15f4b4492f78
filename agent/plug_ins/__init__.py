"""Modalities that other packages bring: found by entry point, declared, and given their place in a session."""

"""The public stream: what fusion knows in, messages on a ZeroMQ socket out."""

"""What was trained in; every figure of docs/evaluation.md out, each suite by itself."""

"""How well and how soon the speech path hears, beside the bare engine on the same audio: python -m bench.speech."""

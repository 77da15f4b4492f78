"""Speech made by flite and espeak-ng in, a tiny Whisper checkpoint out: it proves that both Whisper engines run."""

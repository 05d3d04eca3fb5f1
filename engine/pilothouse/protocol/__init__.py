"""Layer 0: the protocols as pure code. No I/O, no clock, no logger, no environment."""

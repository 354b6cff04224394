"""The letter itself: frozen values and pure functions; no clock, chance, network, database or key."""

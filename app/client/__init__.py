"""What runs on a person's own device: sealing, signing and opening, with keys that never leave it."""

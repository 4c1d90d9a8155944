"""The golden vectors of docs/formats.md: how each file below tests/vectors is made."""

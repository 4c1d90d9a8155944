"""The core: statements, sealing and the rules of consent. Pure: no I/O, no clock, no chain."""

"""Chartkey: patients decide, by signing, who may open their health records."""

__version__ = "0.1.0"

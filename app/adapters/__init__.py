"""What reaches outside: chains, stores, files and tools, each behind a port of app/core/ports."""

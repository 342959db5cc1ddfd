"""The local deployment: servers that come back with their data, a supervisor that keeps what it started."""

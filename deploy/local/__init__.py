"""Starts and supervises a whole deployment on this machine, for `huying up`."""

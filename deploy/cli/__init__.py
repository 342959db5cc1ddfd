"""The command `huying`."""

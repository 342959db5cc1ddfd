"""Local servers and the supervisor behind `huying up`."""

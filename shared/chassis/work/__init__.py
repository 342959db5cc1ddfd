"""Work beside requests and records: what is done again and again, or later."""

"""`make bench-scale`: what more workers of one kind bring, what they cost, and what happens while they come and go."""

"""`make bench-scale`: throughput and cost of more workers of one kind, and the effect of starting and stopping them."""

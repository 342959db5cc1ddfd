"""Notes: what citizens and channels say about a demand after its submission."""

"""Lets citizens and channels follow a demand: who may see it, and what is shown."""

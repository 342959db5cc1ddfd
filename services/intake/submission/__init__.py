"""Takes demands in: a request that is repeated creates no second demand."""

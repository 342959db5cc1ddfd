"""What a deployment elsewhere must know of the product: its processes, their paths and their settings."""

"""Who asks: staff, channels, citizens and services, and what they may do."""

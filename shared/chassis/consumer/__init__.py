"""The consumer: reads topics, and applies each record once and in order, or stores it as a dead letter."""

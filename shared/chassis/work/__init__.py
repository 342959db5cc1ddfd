"""Background work: timers, periodic tasks, and intents (messages that must be handed to gateways)."""

"""One small function a rule; it yields what it saw that breaks the rule."""

"""Messages to a WeChat official account."""

"""Messages to citizens: what is told to whom, and the sending."""

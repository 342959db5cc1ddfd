"""Personal data: shown with a recorded reason, and erased for good."""

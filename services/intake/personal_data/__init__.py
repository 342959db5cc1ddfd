"""Personal data on request: shown with a reason, erased for good."""

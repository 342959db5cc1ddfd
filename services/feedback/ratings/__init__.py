"""Takes the citizen's verdict on an answer: the demand is confirmed and closed, reopened, or closed without a
verdict."""

"""The citizen's verdict: rated, closed without one, or reopened."""

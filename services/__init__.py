"""The four services of the closed loop."""

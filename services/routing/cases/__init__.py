"""Cases: which unit answers a demand and by when, and the commands that staff may give."""

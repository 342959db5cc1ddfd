"""How a demand went on, as the citizen who raised it may read it."""

"""Call-backs (回访): which citizens staff ask for their verdict, who calls them now, and what came of it."""

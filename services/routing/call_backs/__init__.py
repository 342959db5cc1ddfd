"""Call-backs (回访): which citizens staff call for a verdict, who calls them now, and the result."""

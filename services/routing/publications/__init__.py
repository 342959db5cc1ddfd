"""What is released of cases for everybody to read: what waits for it, and what is released by itself."""

"""Publications: what was released of demands for everybody to read."""

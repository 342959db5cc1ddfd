"""What was released of demands for everybody to read: kept, listed, shown."""

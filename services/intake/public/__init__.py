"""Released demands for everybody: lists, one demand, and what becomes of its publication."""

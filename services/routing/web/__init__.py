"""The pages of staff: the desk."""

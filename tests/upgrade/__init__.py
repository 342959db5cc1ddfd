"""A deployment of the version before, and what becomes of it under this one."""

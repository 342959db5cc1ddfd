"""Authentication and authorisation of staff, citizens and services: tokens, sessions, roles and rights."""

"""Live broadcasts: programmes during which demands are taken in."""

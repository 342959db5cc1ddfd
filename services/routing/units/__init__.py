"""The units that handle demands, as staff look for them."""

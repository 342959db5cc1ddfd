"""What is local and therefore data: places, units, the catalogue, limits, the calendar and the words."""

"""Open311 GeoReport v2: the door for other cities' apps, FixMyStreet among them."""

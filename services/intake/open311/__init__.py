"""Open311 GeoReport v2: the API for apps of other cities, FixMyStreet among them."""

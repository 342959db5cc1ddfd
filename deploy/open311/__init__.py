"""Does a server keep the rules of Open311 GeoReport v2? Any server: nothing here knows ours."""

"""Checks whether any server follows the rules of Open311 GeoReport v2; nothing here is specific to Huying."""

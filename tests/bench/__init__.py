"""Measures what the product costs beside bare loops on the same servers, in one run."""

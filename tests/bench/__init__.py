"""Measures the product beside minimal loops on the same servers, in one run."""

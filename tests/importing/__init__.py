"""Tests of bulk import: readers, mappings, refused rows, and resuming after an interruption."""

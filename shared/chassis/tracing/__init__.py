"""Traces (OpenTelemetry): which hop did what when, from a request to the last row and message that follow from it."""

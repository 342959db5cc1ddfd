"""Tells channels what happens to their demands: as pages, and as a stream that begins wherever they had stopped."""

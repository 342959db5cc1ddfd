"""What staff's commands make of a case: the facts that follow, by command; pure."""

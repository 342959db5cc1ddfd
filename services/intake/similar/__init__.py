"""Similar demands: finds open demands that a new one may repeat, while it is being written."""

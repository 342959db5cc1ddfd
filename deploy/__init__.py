"""Running Huying: the command line, the local servers, packs and scenarios."""

"""What the services have in common: contracts, chassis, jurisdictions and the look of the pages."""

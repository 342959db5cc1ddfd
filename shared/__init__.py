"""Code that all services share: contracts, chassis, jurisdictions and the design of the pages."""

"""Publications: which texts of cases are released for everybody, and which answers wait for release."""

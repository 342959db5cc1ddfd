"""The vault: personal data, sealed, shown only with a recorded reason, and erased on demand."""

"""What `huying doctor` looks at: each check is a small function with a sentence of its own."""

"""What is said about a demand after its submission."""

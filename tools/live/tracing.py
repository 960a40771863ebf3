"""What chapters load."""

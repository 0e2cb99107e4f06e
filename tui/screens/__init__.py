"""What fills the terminal: signing in, the live view, help."""

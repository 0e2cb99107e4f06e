"""One loop a file; main starts them."""

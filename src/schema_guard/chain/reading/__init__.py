"""What revision files say, read without running them."""

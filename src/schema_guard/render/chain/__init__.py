"""What the doctor, the stamp and the deploy found, as text and as JSON."""

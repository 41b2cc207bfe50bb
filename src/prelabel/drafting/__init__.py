"""What step 2 works with: prompts, shots, leases, and how answers are read."""

"""What step 3 decides by, and where examples are: the policy, audits, checks, places and slots."""

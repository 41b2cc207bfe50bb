"""The command line: what its commands do (`commands`), and what they show."""

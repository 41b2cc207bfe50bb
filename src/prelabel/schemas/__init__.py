"""How a label schema reads and how it changes."""

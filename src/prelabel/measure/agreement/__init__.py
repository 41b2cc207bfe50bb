"""How far people agree with each other, how good each is by that, and whether a model may take a person's place. Pure."""

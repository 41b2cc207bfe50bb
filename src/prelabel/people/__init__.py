"""Who works here: users, how they sign in, invitations, and who sees which project."""

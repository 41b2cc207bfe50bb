"""Label Studio as the page of a project: its tasks are answered with our drafts, its annotations come back as reviews."""

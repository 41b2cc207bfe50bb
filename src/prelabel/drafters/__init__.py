"""Drafters made of others or of several answers: a cascade, a panel, samples, groups. Each answers `prelabel.draft.Drafter`."""

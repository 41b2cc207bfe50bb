"""`python -m prelabel.cli`: the same as the command `prelabel`."""

from prelabel.cli.commands import main

main()

"""How many of the accepted labels can be wrong: bounds that hold, planned beforehand and checked again afterwards.

Every statement is proved in docs/guarantee.md, whose words and letters the modules use.
"""

"""What a seed makes up: the options of a run, and what its clients do.

swarm       which options a seed draws
drawing     the operations that follow from them
besieging   the users and the strangers of a siege
crowd       who is there, waits, or has met, as far as a generator needs to know
vocabulary  what may be drawn
strategies  the same as Hypothesis has it
"""

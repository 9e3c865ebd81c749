"""What makes a Trio program deterministic: its order, its chance, its time, and that nothing else gets in.

runtime      a run that a seed decides; `reproducible` for runs that somebody else begins
scheduler    the order of Trio's tasks: every private name of Trio
policies     what decides that order: shuffle, PCT, single steps, replay, every order there is
exploration  one test under many orders, or all
entropy      the operating system's randomness, from a seed
tripwires    what refuses threads, sockets, processes and real clocks
patching     names replaced for one thread
heap_noise   memory in disorder, for those who look for what depends on it
"""

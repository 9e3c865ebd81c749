"""What must hold in every run: `check.check(history, plan)` looks through a history once.

The checks know the server's rules by a small model of their own (`world`): who speaks for whom, who waits for
what, who shares a room. They look only at what the history and the plan say, so that they judge any subject
at any level alike. `names.INVARIANTS` says what each of them means.
"""

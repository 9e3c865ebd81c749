"""The whole server as one state machine, with no idea of tasks, time, chance or bytes.

`matchmaker.Matchmaker.handle(command, now)` takes a command from `commands` and gives effects from `effects`.
Behind it stand `lobby` (who waits), `rooms` (who has met) and `sessions` (who is who). What there is stands
in `state`, and which module does what in `matchmaker`.
"""

"""The real server and its clients on a simulated network: a test, a made-up run, and a failure, shrunk."""

from focus_signal.testing import Simulation, run_simulation, simulate, swarm


@simulate(seeds=20)
async def test_pairing(sim: Simulation) -> None:
    """See that who sends to somebody gone is told so, whatever the network does."""
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    sim.net.partition(ana, seconds=5.0)
    await bo.offer(to=ana, sdp="v=0")
    sim.net.reset(bo)
    await ana.candidate(to=bo, candidate="...")
    assert (await ana.expect("error")).code == "peer-unavailable"


test_pairing()
print("test_pairing: 20 seeds")

run = run_simulation(seed=7, workload=swarm(clients=4, sizes=(2,)), level="message")
print(f"seed 7: {len(run.history)} events, {len(run.violations)} violations, digest {run.digest}")

failed = run_simulation(seed=7, subject="seed")  # the program that this server replaces
print(f"seed 7 of its logic: {', '.join(dict.fromkeys(each.invariant for each in failed.violations))}")
print(failed.shrink().to_ascii())

"""A simulated provider on loopback: real wire formats, and every way in which they go wrong.

async with Simulator(pace=0) as sim:
    ...  # talk to f"{sim.url}/v1" with the model "story+cut:0.5"
    call = await sim.wait_for(lambda call: call.state == "hung up")
"""

from libria_providers.simulator.grammar import MODELS, WORDS, UnknownModel
from libria_providers.simulator.record import Seen
from libria_providers.simulator.server import Simulator

__all__ = ["MODELS", "WORDS", "Seen", "Simulator", "UnknownModel"]

"""`libria simulate`: a simulated provider on loopback, for trying and testing."""


def run(argv: list[str]) -> int:
    from libria_providers.simulator.cli import main

    return main(argv)

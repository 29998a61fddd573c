"""`libria serve`: run the daemon in the foreground."""


def run(argv: list[str]) -> int:
    from libria.serve import main

    return main(argv)

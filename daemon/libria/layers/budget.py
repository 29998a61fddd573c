"""How many second attempts a target gets, over all calls.

When everything fails, each call's own three attempts would triple the load on a provider that is down
already. So a retry spends a token. Tokens come with calls (so that a share of them may be retried) and,
slowly, with time (so that a few calls a minute can always be). The idea is that of Finagle's and tower's
retry budgets: https://docs.rs/tower/latest/tower/retry/budget/
"""

from libria.clock import Clock

SHARE = 0.2  # of a token, for each call
PER_SECOND = 1.0
MOST = 20.0  # tokens held, and what it begins with


class RetryBudget:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens = MOST
        self._at = clock.now()

    def deposit(self) -> None:
        """A call begins."""
        self._tokens = min(MOST, self._tokens + SHARE)

    def withdraw(self) -> bool:
        """Whether there may be one more attempt; it is then spent."""
        now = self._clock.now()
        self._tokens = min(MOST, self._tokens + (now - self._at) * PER_SECOND)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

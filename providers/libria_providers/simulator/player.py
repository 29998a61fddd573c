"""Decides what each request is answered with: by its path, its body, and the model's name or the script."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from libria_providers.simulator import faults, routes
from libria_providers.simulator.connection import key
from libria_providers.simulator.grammar import MODELS, Spec, UnknownModel, parse
from libria_providers.simulator.models import Ask, answer
from libria_providers.simulator.played import Played
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.record import Seen
from libria_providers.simulator.routes import Route
from libria_providers.simulator.sender import End
from libria_providers.simulator.vendor import BadRequest, Parts, Site, Tag, Whole
from libria_providers.simulator.wire import Request

_PLAIN = Spec("story", 0, {})


class Player:
    """`requests` is how many there were. The arguments are the simulator's own."""

    def __init__(self, key: str | None, aliases: Mapping[str, str], now: Callable[[], float]) -> None:
        self.requests = 0
        self._key = key
        self._aliases = dict(aliases)
        self._now = now
        self._script: deque[str] = deque()
        self._times: Counter[str] = Counter()

    def script(self, names: Iterable[str]) -> None:
        """Raises UnknownModel."""
        names = list(names)
        for name in names:
            if name:
                parse(name.removeprefix("+"))
        self._script.extend(names)

    def unscript(self) -> None:
        self._script.clear()

    def play(self, request: Request, seen: Seen) -> Played:
        """Called once for each request; notes in `seen` what was asked for and what was played."""
        self.requests += 1
        tag = Tag(self.requests, self._now())
        route = routes.find(request)
        site = routes.site(request) if route is None else route.site
        refused = self._refused(request, route)
        if refused is not None or route is None:
            return Played(site.problem(refused or Problem("url"), tag), _PLAIN, site, tag)
        if route.vendor is None and route.plain is None:
            return Played(Whole(200, site.models([*MODELS, *self._aliases], tag)), _PLAIN, site, tag)
        try:
            ask, body = _read(route, request)
        except BadRequest as wrong:
            problem = Problem("request", str(wrong), wrong.status, wrong.code, wrong.param)
            return Played(site.problem(problem, tag), _PLAIN, site, tag)
        seen.model = ask.model
        try:
            spec = self._spec(ask.model, seen)
        except UnknownModel:
            return Played(site.problem(Problem("model", ask.model), tag), _PLAIN, site, tag)
        reply = _instead(spec, ask, site, tag, seen) or _answer(route, ask, body, spec, tag)
        return Played(reply, spec, site, tag)

    def stranger(self, request: Request) -> Problem | None:
        """What is wrong with the key of `request`."""
        if self._key is None or key(request) == self._key:
            return None
        return Problem("no-key" if key(request) is None else "key")

    def _refused(self, request: Request, route: Route | None) -> Problem | None:
        where = f"{request.method} {request.path}"
        if route is None:
            return Problem("url", where)
        if route.method == request.method:
            return self.stranger(request)
        refused_socket = self.stranger(request) if routes.speaks_websocket(request) else None
        return refused_socket or Problem("url", where, 405)

    def _spec(self, model: str, seen: Seen) -> Spec:
        """Raises UnknownModel."""
        name = self._script.popleft() if self._script else ""
        asked = self._aliases.get(model, model)
        seen.played = asked + name if name.startswith("+") or not name else name
        spec = parse(asked).plus(parse(name[1:])) if name.startswith("+") else parse(name or asked)
        if "once" in spec or "times" in spec:
            self._times[seen.played] += 1
            if self._times[seen.played] > (spec.number("times") if "times" in spec else 1):
                return spec.without_faults()
        return spec


def _read(route: Route, request: Request) -> tuple[Ask, bytes]:
    """What is asked, and the body of an answer that needs no model. Raises BadRequest."""
    if route.plain is not None:
        return route.plain(request)
    assert route.vendor is not None
    return route.vendor.read(request), b""


def _instead(spec: Spec, ask: Ask, site: Site, tag: Tag, seen: Seen) -> Whole | End | None:
    """What the faults in a model's name make of the whole reply."""
    nothing = faults.before(spec, use=seen.use)
    if nothing is not None:
        return nothing
    problem = faults.problem(spec, ask)
    return site.problem(problem, tag) if problem else faults.wrong_type(spec, ask, site, tag)


def _answer(route: Route, ask: Ask, body: bytes, spec: Spec, tag: Tag) -> Parts | Whole:
    if route.vendor is None:
        return Whole(200, body)
    made = answer(spec, ask)
    if ask.stream and "json-body" not in spec:
        return route.vendor.stream(made, ask, tag)
    return Whole(200, route.vendor.whole(made, ask, tag))

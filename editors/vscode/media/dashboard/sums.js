// The figures on top, and who is connected.
import { keyed, make, row, say, section, table } from "./dom.js";
import { duration, money, terse } from "./words.js";

export function tilesPart() {
  const element = make("dl", { class: "tiles" });
  const create = ([name]) => {
    const parts = [make("dt", { text: name }), make("dd", { class: "figure" }), make("dd", { class: "note" })];
    return make("div", { class: "tile" }, ...parts);
  };
  const update = (tile, [, figure, note]) => {
    say(tile.children[1], figure);
    say(tile.children[2], note);
  };
  const draw = ({ status }) => keyed(element, tilesOf(status), ([name]) => name, create, update);
  return { element, draw };
}

function tilesOf({ today, queue, cache, calls }) {
  const asked = cache.hits + cache.misses;
  const speed = calls.reduce((sum, each) => sum + (each.tokensPerSecond ?? 0), 0);
  const unpriced = today?.unpricedAttempts ? `; ${today.unpricedAttempts} without a price` : "";
  const tokens = today ? `${terse(today.inputTokens)} tokens in, ${terse(today.outputTokens)} out${unpriced}` : "";
  return [
    ["Today", today ? money(today.usd) : "–", tokens],
    ["Under way", String(queue.inFlight), queue.waiting > 0 ? `${queue.waiting} waiting` : "none waiting"],
    ["Tokens a second", terse(speed), "of all calls"],
    [
      "Cache hits",
      asked ? `${Math.round((100 * cache.hits) / asked)} %` : "–",
      asked ? `${terse(cache.hits)} of ${terse(asked)}, saved ${money(cache.savedUsd)}` : "not asked yet",
    ],
  ];
}

export function clientsPart() {
  const list = table("Clients", [
    ["Tool", "name"],
    ["Version", ""],
    ["Calls", "number"],
    ["Connected for", "number"],
  ]);
  const update = (made, client) => {
    const [name, version, calls, seconds] = made.children;
    say(name, client.name || client.session);
    say(version, client.version ?? "");
    say(calls, String(client.calls));
    say(seconds, duration(client.seconds));
  };
  const draw = ({ status }) => {
    const sorted = [...status.clients].sort(
      (one, other) => other.calls - one.calls || one.name.localeCompare(other.name),
    );
    const create = () => row(["name", "", "number", "number"]);
    keyed(list.body, sorted, ({ session }) => session, create, update);
  };
  return { element: section("clients", "Tools", list), draw };
}

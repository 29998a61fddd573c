// What each target allows and what is used of it, and the targets that fail.
import { drawBars, keyed, make, row, say, section, table } from "./dom.js";
import { duration, terse, usedOf, whatOf } from "./words.js";

export function limitsPart() {
  const list = make("div", { class: "limits" });
  const none = make("p", { class: "none", text: "No provider was asked in the last hour." });
  const create = () => {
    const title = make("div", { class: "title" }, make("h3"), make("p", { class: "note" }));
    return make("div", { class: "target" }, title, make("div", { class: "rows" }));
  };
  const draw = ({ status: { targets, breakers } }) => {
    const broken = new Set(breakers.filter(({ state }) => state !== "closed").map(({ target }) => target));
    none.hidden = targets.length > 0;
    const update = (made, target) => drawTarget(made, target, broken.has(target.target));
    const sorted = [...targets].sort((one, other) => pressure(other, broken) - pressure(one, broken));
    keyed(list, sorted, ({ target, key }) => `${target} ${key}`, create, update);
  };
  return { element: section("limits", "Limits and headroom", list, none), draw };
}

/** Sorts targets: those that hold calls up first, then by how much of a limit is used. */
function pressure({ target, limits, pausedMs, waiting }, broken) {
  const shares = limits.map((limit) => (usedOf(limit) ?? 0) / limit.limit);
  const held = pausedMs > 0 || waiting > 0 || broken.has(target);
  return (held ? 10 : 0) + Math.max(limits.length > 0 ? 0.001 : 0, ...shares);
}

function drawTarget(made, { target, limits, pausedMs, inFlight, bound, found, waiting }, broken) {
  const [title, rows] = made.children;
  const [name, note] = title.children;
  say(name, target);
  const most = bound === undefined ? "" : ` of ${bound}${found ? " (found out)" : ""}`;
  const words = [
    pausedMs > 0 ? `paused for ${duration(pausedMs / 1000)}` : "",
    broken ? "left alone after failures" : "",
    inFlight > 0 || found ? `${inFlight}${most} at once` : "",
    waiting > 0 ? `${waiting} waiting` : "",
    limits.length === 0 ? "no limit known" : "",
  ];
  say(note, words.filter(Boolean).join(" · "));
  made.dataset.trouble = broken ? "broken" : pausedMs > 0 ? "paused" : "";
  drawBars(
    rows,
    limits.map((limit) => barOf(target, limit)),
  );
}

function barOf(target, limit) {
  const used = usedOf(limit);
  const text = `${used === undefined ? "?" : terse(used)} of ${terse(limit.limit)}`;
  const told = limit.remaining === undefined ? "" : `${terse(limit.remaining)} left, the provider says`;
  return {
    name: whatOf(limit),
    label: `${whatOf(limit)} of ${target}`,
    value: used ?? 0,
    most: limit.limit,
    text,
    title: told,
  };
}

const STATES = { open: "left alone", halfOpen: "tried with one call", closed: "asked on" };

export function breakersPart() {
  const list = table("Targets that failed lately", [
    ["Target", "name"],
    ["State", ""],
    ["Failures", "number"],
    ["Last by", ""],
    ["Again", "number"],
  ]);
  const element = section("breakers", "Failing", list);
  const update = (made, { target, state, failures, reason, retryInMs }) => {
    const [name, is, count, last, again] = made.children;
    say(name, target);
    say(is, STATES[state] ?? state);
    is.dataset.state = state;
    say(count, String(failures));
    say(last, reason ?? "");
    say(again, state === "open" && retryInMs !== undefined ? `in ${duration(retryInMs / 1000)}` : "");
  };
  const draw = ({ status: { breakers } }) => {
    element.hidden = breakers.length === 0;
    const create = () => row(["name", "state", "number", "", "number"]);
    keyed(list.body, breakers, ({ target }) => target, create, update);
  };
  return { element, draw };
}

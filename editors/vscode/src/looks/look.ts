/** What there is to see, worked out of what is known: the status bar's, the tooltip's and the language status item's words. */
import type { DaemonState } from "../daemon";
import type { InlineState } from "../inline";
import type { BreakerResult, StatusResult, TargetResult } from "../protocol";
import type { Ended, LiveCall } from "./live";
import { count, duration, money, short, speed } from "./words";

/** What is known. `model` is what the user picked, empty for the daemon's own choice; `seen` is when `status` came. */
export interface Picture {
  readonly state: DaemonState;
  readonly problem: string | undefined;
  readonly model: string;
  readonly calls: readonly LiveCall[];
  readonly last: Ended | undefined;
  readonly status: StatusResult | undefined;
  readonly seen: number;
  /** Of suggestions while typing, in the document that is open. */
  readonly suggestions: InlineState;
}

export type Kind = "off" | "starting" | "idle" | "busy" | "throttled" | "broken";

/** `text` has icons, `says` has none; `rows` and `sentences` are plain text. */
export interface Look {
  readonly kind: Kind;
  readonly text: string;
  readonly says: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
  readonly sentences: readonly string[];
}

const ICONS: Record<Kind, string> = {
  off: "$(circle-slash)",
  starting: "$(loading~spin)",
  idle: "$(sparkle)",
  busy: "$(loading~spin)",
  throttled: "$(watch)",
  broken: "$(error)",
};

export function look(picture: Picture, now: number): Look {
  const { kind, words } = told(picture, now);
  const model = short(modelOf(picture)) || "Libria";
  const off = picture.suggestions.state === "on" ? "" : " $(eye-closed)";
  const name = kind === "off" || kind === "starting" || words === NOT_RUNNING ? "Libria" : model;
  return {
    kind,
    text: [`${ICONS[kind]} ${name}`, words].filter(Boolean).join(" ").replace(" ·", " ·") + off,
    says: `Libria, ${name === "Libria" ? "" : `${name}, `}${kind}${words === "" ? "" : `: ${words}`}${off ? ", suggestions off" : ""}`,
    rows: rows(picture, now),
    sentences: sentences(picture, now),
  };
}

/** Whose name is shown: who answers now, else who is to answer, else who answered last. */
function modelOf({ calls, model, last }: Picture): string {
  const call = calls.at(-1);
  const names = [call?.target, call?.model, model, last?.model];
  return names.find((name) => name !== undefined && name !== "") ?? "";
}

const NOT_RUNNING = "not running";

function told(picture: Picture, now: number): { kind: Kind; words: string } {
  if (picture.state === "failed") {
    return { kind: "broken", words: NOT_RUNNING };
  }
  if (picture.state !== "running") {
    return { kind: picture.state === "starting" ? "starting" : "off", words: "" };
  }
  const call = picture.calls.at(-1);
  const broken = breakers(picture).find((breaker) => ours(picture, breaker.target));
  const paused = targets(picture).find(
    (target) => ours(picture, target.target) && left(picture, target.pausedMs, now) > 0,
  );
  if (call !== undefined) {
    const more = picture.calls.length > 1 ? ` +${picture.calls.length - 1}` : "";
    const held = call.reason === "rateLimit" || call.state === "retrying";
    return { kind: held ? "throttled" : "busy", words: callWords(call, now) + more };
  }
  if (broken !== undefined) {
    return { kind: "broken", words: "fails" };
  }
  if (paused !== undefined) {
    return { kind: "throttled", words: `throttled ${duration(left(picture, paused.pausedMs, now))}` };
  }
  const usd = picture.status?.today?.usd ?? 0;
  const words = [
    picture.last?.outcome === "failed" ? "failed" : picture.last?.cached === true ? "cached" : "",
    usd > 0 ? money(usd) : "",
  ]
    .filter(Boolean)
    .join(" · ");
  return { kind: "idle", words };
}

/** "place 3, 4 s", "42 tok/s". */
export function callWords(call: LiveCall, now: number): string {
  const eta = call.until === undefined || call.until - now < 500 ? "" : duration(call.until - now);
  const place = call.position === undefined ? "" : `place ${call.position}`;
  switch (call.state) {
    case "streaming":
      return call.speed === undefined ? "…" : speed(call.speed);
    case "queued":
    case "waiting":
      if (call.reason === "firstToken" || call.reason === "askedElsewhere") {
        return "…"; // its time here is that until it is given up
      }
      return [call.reason === "rateLimit" ? "throttled" : "queued", [place, eta].filter(Boolean).join(", ")]
        .join(" ")
        .trim();
    case "retrying":
      return ["retries", eta && `in ${eta}`].filter(Boolean).join(" ");
    case "asking":
    case "connecting":
    case "fallback":
      return "…";
  }
}

function rows(picture: Picture, now: number): [string, string][] {
  const { status, last } = picture;
  const found: [string, string][] = [
    ["Model", picture.model || (last === undefined ? "the daemon’s choice" : `${last.model} (the daemon’s choice)`)],
  ];
  for (const call of picture.calls) {
    found.push([
      "Under way",
      `${call.target ?? (call.model || "…")}: ${call.state}${callWords(call, now) === "…" ? "" : `, ${callWords(call, now)}`}`,
    ]);
  }
  if (last !== undefined) {
    found.push(["Last answer", lastWords(last)]);
  }
  if (status !== undefined) {
    const { queue, cache, today } = status;
    const asked = cache.hits + cache.misses;
    found.push(["Queue", `${queue.inFlight} under way, ${queue.waiting} waiting (all tools)`]);
    found.push([
      "Cache",
      asked === 0
        ? "not asked yet"
        : `${Math.round((100 * cache.hits) / asked)} % of ${asked} hit, saved ${money(cache.savedUsd)}`,
    ]);
    if (today !== undefined) {
      found.push([
        "Today",
        `${money(today.usd)}, ${count(today.inputTokens)} tokens in, ${count(today.outputTokens)} out`,
      ]);
    }
  }
  found.push(["Suggestions", picture.suggestions.why || "on"]);
  return found;
}

export function lastWords(last: Ended): string {
  if (last.outcome !== "answered") {
    return last.outcome;
  }
  const first = last.firstMs === undefined ? "" : `first word after ${duration(last.firstMs)}`;
  const cost = last.usd === undefined || last.usd === 0 ? "" : money(last.usd);
  return [
    last.cached ? "from the cache" : "",
    last.cached || last.speed === undefined ? "" : speed(last.speed),
    first,
    cost,
  ]
    .filter(Boolean)
    .join(", ");
}

/** What is wrong or holds calls up, the worst first. */
function sentences(picture: Picture, now: number): string[] {
  const found: string[] = [];
  if (picture.state === "failed" && picture.problem !== undefined) {
    found.push(picture.problem);
  }
  for (const { target, failures, reason, retryInMs } of breakers(picture)) {
    const again =
      retryInMs === undefined
        ? "it is tried with one call now"
        : `it is left alone for ${duration(left(picture, retryInMs, now))}`;
    found.push(`${target} failed ${failures} times in a row${reason === undefined ? "" : ` (${reason})`}; ${again}.`);
  }
  for (const { target, pausedMs, waiting } of targets(picture)) {
    const pause = left(picture, pausedMs, now);
    if (pause > 0) {
      found.push(`${target} asked for a pause of ${duration(pause)}${waiting > 0 ? `; ${waiting} wait` : ""}.`);
    }
  }
  found.push(...(picture.status?.problems ?? []));
  if (picture.last?.message !== undefined) {
    found.push(`The last call failed: ${picture.last.message}`);
  }
  return found;
}

/** Those that are not asked as usual. */
function breakers(picture: Picture): BreakerResult[] {
  return (picture.status?.breakers ?? []).filter(({ state }) => state !== "closed");
}

function targets(picture: Picture): TargetResult[] {
  return picture.status?.targets ?? [];
}

/** What is left of a time that was told when the status came. */
function left(picture: Picture, milliseconds: number, now: number): number {
  return Math.max(0, milliseconds - (now - picture.seen));
}

/** Whether this window asks it: who is under way, else the model that was picked, else (an alias, no choice) who answered last. */
function ours({ calls, model, last }: Picture, target: string): boolean {
  const chosen = model.includes("/") ? model : last?.model;
  const asked = [...calls.map((call) => call.target ?? call.model), chosen].filter(Boolean);
  return asked.length === 0 || asked.includes(target);
}

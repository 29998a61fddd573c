/** The calls of this window, as their progress tells of them. */
import type { CallEvent } from "../daemon";
import { errorData, isCancellation } from "../errors";
import type { Progress } from "../protocol";

export type LiveState = "asking" | "queued" | "waiting" | "connecting" | "retrying" | "fallback" | "streaming";

/** `since` and `until` are times as `Date.now` gives them. `speed` is tokens a second lately, by an estimate of four characters each. */
export interface LiveCall {
  readonly id: string;
  readonly model: string;
  readonly since: number;
  state: LiveState;
  target?: string | undefined;
  reason?: string | undefined;
  position?: number | undefined;
  until?: number | undefined;
  speed?: number | undefined;
}

/** How the last call of this window ended. */
export interface Ended {
  readonly model: string;
  readonly outcome: "answered" | "cancelled" | "failed";
  readonly cached: boolean;
  readonly speed?: number;
  readonly firstMs?: number;
  readonly usd?: number;
  readonly message?: string;
}

const LATELY_MS = 3000;
const CHARACTERS_PER_TOKEN = 4;

export class Live {
  readonly calls = new Map<string, LiveCall>();
  last: Ended | undefined;
  private readonly meters = new Map<string, Meter>();

  /** True where somebody who looks would see something else. */
  take(event: CallEvent, now: number): boolean {
    if (event.kind === "start") {
      const call: LiveCall = { id: event.id, model: event.model ?? "", since: now, state: "asking" };
      this.calls.set(event.id, call);
      this.meters.set(event.id, new Meter());
      return true;
    }
    const call = this.calls.get(event.id);
    if (call === undefined) {
      return false;
    }
    if (event.kind === "progress") {
      return told(call, this.meters.get(event.id) ?? new Meter(), event.value, now);
    }
    this.calls.delete(event.id);
    this.meters.delete(event.id);
    this.last = ended(call, event);
    return true;
  }

  /** All end with the connection. */
  clear(): void {
    this.calls.clear();
    this.meters.clear();
  }
}

function told(call: LiveCall, meter: Meter, value: Progress, now: number): boolean {
  switch (value.kind) {
    case "start":
      return false;
    case "status":
      call.state = value.state;
      call.target = value.target ?? call.target;
      call.reason = value.reason;
      call.position = value.position;
      call.until = value.etaMs === undefined ? undefined : now + value.etaMs;
      return true;
    case "reset":
      call.state = "fallback";
      call.target = value.target;
      call.reason = value.reason;
      meter.clear();
      return true;
    case "delta":
    case "reasoning":
      call.speed = meter.add(value.text.length, now);
      break;
    case "toolCall":
      call.speed = meter.add(value.arguments.length, now);
      break;
  }
  call.state = "streaming";
  call.position = undefined;
  call.until = undefined;
  call.reason = undefined;
  return true;
}

function ended(call: LiveCall, event: CallEvent & { kind: "end" }): Ended {
  const { result, error } = event;
  if (result === undefined || !("timings" in result)) {
    const outcome = isCancellation(error) ? "cancelled" : "failed";
    const model = call.target ?? call.model;
    const message = errorData(error)?.message;
    return { model, outcome, cached: false, ...(message !== undefined && { message }) };
  }
  const { timings, usage, cost } = result;
  const seconds = (timings.totalMs - timings.firstTokenMs) / 1000;
  return {
    model: result.model,
    outcome: "answered",
    cached: result.cache.hit,
    firstMs: timings.firstTokenMs,
    ...(seconds > 0.05 && { speed: usage.outputTokens / seconds }),
    ...(cost !== undefined && { usd: cost.usd }),
  };
}

/** Characters that came, and when, of the last seconds. */
class Meter {
  private readonly marks: [at: number, characters: number][] = [];

  /** Tokens a second since up to three seconds ago; undefined at the first. */
  add(characters: number, now: number): number | undefined {
    const last = this.marks.at(-1);
    if (last !== undefined && now - last[0] < 100) {
      last[1] += characters;
    } else {
      this.marks.push([now, characters]);
    }
    while (this.marks.length > 2 && (this.marks[0]?.[0] ?? now) < now - LATELY_MS) {
      this.marks.shift();
    }
    const first = this.marks[0];
    if (first === undefined || now - first[0] < 200) {
      return undefined;
    }
    const sum = this.marks.slice(1).reduce((all, [, each]) => all + each, 0);
    return sum / CHARACTERS_PER_TOKEN / ((now - first[0]) / 1000);
  }

  clear(): void {
    this.marks.length = 0;
  }
}

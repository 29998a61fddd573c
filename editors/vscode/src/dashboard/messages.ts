/** What the dashboard's page and the extension say to each other. */
import type { DaemonState } from "../daemon";
import type { CacheStatsResult, StatusResult } from "../protocol";

export const BY = ["tool", "model", "provider", "day"] as const;
export type By = (typeof BY)[number];

export const SINCE = ["today", "7d", "30d"] as const;
export type Since = (typeof SINCE)[number];

/** What the page may have run; its words are not taken for more. */
export const COMMANDS = [
  "libria.restartDaemon",
  "libria.openLog",
  "libria.setKey",
  "libria.pickModel",
  "libria.install",
] as const;
export type Command = (typeof COMMANDS)[number];

/** US dollars and tokens; `key` is the tool, the model, the provider or the day. */
export interface UsageRow {
  readonly key: string;
  readonly calls?: number;
  readonly attempts: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd?: number;
  readonly unpriced?: number;
}

/** `by` is "target" where the daemon keeps no ledger: since it started then. */
export interface Usage {
  readonly by: By | "target";
  readonly since: Since;
  readonly rows: readonly UsageRow[];
}

export interface Picture {
  readonly kind: "picture";
  readonly state: DaemonState;
  readonly problem?: string | undefined;
  readonly status?: StatusResult | undefined;
  readonly cache?: CacheStatsResult | undefined;
  readonly usage?: Usage | undefined;
}

export type FromPage =
  | { kind: "ready" }
  | { kind: "cancel"; callId: string }
  | { kind: "clearCache" }
  | { kind: "spend"; by: By; since: Since }
  | { kind: "run"; command: Command };

/** Undefined for anything else. */
export function read(said: unknown): FromPage | undefined {
  if (typeof said !== "object" || said === null) {
    return undefined;
  }
  const message = said as Record<string, unknown>;
  switch (message["kind"]) {
    case "ready":
    case "clearCache":
      return { kind: message["kind"] };
    case "cancel":
      return typeof message["callId"] === "string" ? { kind: "cancel", callId: message["callId"] } : undefined;
    case "spend": {
      const by = BY.find((each) => each === message["by"]);
      const since = SINCE.find((each) => each === message["since"]);
      return by !== undefined && since !== undefined ? { kind: "spend", by, since } : undefined;
    }
    case "run": {
      const command = COMMANDS.find((each) => each === message["command"]);
      return command === undefined ? undefined : { kind: "run", command };
    }
    default:
      return undefined;
  }
}

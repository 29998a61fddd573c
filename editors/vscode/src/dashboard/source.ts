/** What the dashboard shows, asked of the daemon. */
import type { Daemon } from "../daemon";
import type { StatusResult } from "../protocol";
import type { By, Picture, Since, Usage, UsageRow } from "./messages";

const METHOD_NOT_FOUND = -32601;
/** Sums and tiers change slowly, and are counted on disk. */
const SLOW_MS = 5000;

export class Source {
  by: By = "tool";
  since: Since = "7d";
  private slowAt = 0;
  private slow: Pick<Picture, "cache" | "usage"> = {};
  private ledger = true;

  constructor(private readonly daemon: Daemon) {}

  /** What is slow is asked for anew with the next picture. */
  expire(): void {
    this.slowAt = 0;
  }

  async picture(): Promise<Picture> {
    const { state, problem } = this.daemon;
    if (state !== "running") {
      return { kind: "picture", state, problem };
    }
    try {
      const status = await this.daemon.request("libria/status", { recent: 3600 });
      if (Date.now() - this.slowAt > SLOW_MS) {
        this.slowAt = Date.now();
        this.slow = { cache: await this.daemon.request("libria/cacheStats", {}), usage: await this.usage(status) };
      }
      return { kind: "picture", state, status, ...this.slow };
    } catch (error) {
      const now = this.daemon.state;
      return { kind: "picture", state: now, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  private async usage(status: StatusResult): Promise<Usage> {
    if (this.ledger) {
      const { by, since } = this;
      try {
        const { rows } = await this.daemon.send<{ rows: UsageRow[] }>("libria/usage", { by, since });
        return { by, since, rows };
      } catch (error) {
        if (!isCode(error, METHOD_NOT_FOUND)) {
          throw error;
        }
        this.ledger = false;
      }
    }
    return { by: "target", since: this.since, rows: status.spend.map((each) => ({ key: each.target, ...each })) };
  }
}

function isCode(error: unknown, code: number): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}

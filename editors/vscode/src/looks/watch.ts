/** Asks the daemon how it is: after each call, now and then while the window is looked at, else never. */
import { type Event, EventEmitter } from "vscode";
import type { Daemon } from "../daemon";
import type { StatusParams, StatusResult } from "../protocol";
import { Live } from "./live";

export const EVERY_MS = 30_000;
/** After a call, so that many calls are one question. */
const SOON_MS = 500;
/** Between two changes that are shown. */
const SHOWN_MS = 250;
const ASKED: StatusParams = { parts: ["calls", "breakers", "targets", "today"], recent: 600 };

/** Whether anybody looks at this window. */
export interface Looker {
  readonly focused: () => boolean;
  readonly onChange: Event<unknown>;
}

/** `changed` fires at most four times a second, and at the end of each call at once. */
export class Watch {
  readonly live = new Live();
  /** The newest, and when it came as `Date.now` gives it. */
  status: StatusResult | undefined;
  seen = 0;
  /** How often the daemon was asked. */
  asked = 0;

  private readonly emitter = new EventEmitter<undefined>();
  readonly changed = this.emitter.event;
  private readonly disposables: readonly { dispose(): unknown }[];
  private poll: NodeJS.Timeout | undefined;
  private shown: NodeJS.Timeout | undefined;
  private asking = false;
  private again = false;

  constructor(
    private readonly daemon: Pick<Daemon, "state" | "onState" | "calls" | "request">,
    private readonly looker: Looker,
  ) {
    this.disposables = [
      this.emitter,
      daemon.calls((event) => {
        if (this.live.take(event, Date.now())) {
          this.show(event.kind !== "progress");
        }
        if (event.kind === "end") {
          this.plan(SOON_MS);
        }
      }),
      daemon.onState((state) => {
        if (state === "running") {
          this.plan(0);
        } else {
          this.live.clear();
          this.status = undefined;
        }
        this.show(true);
      }),
      looker.onChange(() => {
        this.plan(Math.max(0, this.seen + EVERY_MS - Date.now()));
      }),
    ];
    this.plan(0);
  }

  dispose(): void {
    clearTimeout(this.poll);
    clearTimeout(this.shown);
    for (const each of this.disposables) {
      each.dispose();
    }
  }

  /** Asks in so many milliseconds, where somebody looks; an earlier plan stands no longer. */
  private plan(milliseconds: number): void {
    clearTimeout(this.poll);
    if (this.looker.focused() && this.daemon.state === "running") {
      this.poll = setTimeout(() => void this.ask(), milliseconds);
    }
  }

  private async ask(): Promise<void> {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    this.asked += 1;
    try {
      this.status = await this.daemon.request("libria/status", ASKED);
      this.seen = Date.now();
    } catch {
      this.status = undefined; // the daemon's state says what is the matter
    }
    this.asking = false;
    this.show(true);
    this.plan(this.again ? SOON_MS : this.next());
    this.again = false;
  }

  /** Sooner when a pause ends before: what is shown then is no longer so. */
  private next(): number {
    const pauses = (this.status?.targets ?? []).map(({ pausedMs }) => pausedMs);
    const breaks = (this.status?.breakers ?? []).flatMap(({ retryInMs }) => retryInMs ?? []);
    const ends = [...pauses, ...breaks].filter((ms) => ms > 0).map((ms) => ms + SOON_MS);
    return Math.min(EVERY_MS, ...ends);
  }

  private show(now: boolean): void {
    if (now) {
      clearTimeout(this.shown);
      this.shown = undefined;
      this.emitter.fire(undefined);
    } else {
      this.shown ??= setTimeout(() => {
        this.shown = undefined;
        this.emitter.fire(undefined);
      }, SHOWN_MS);
    }
  }
}

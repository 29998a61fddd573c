/** What the user waits for: shown as progress, and cancelled by its button, by Escape or by `libria.cancel`. */
import { CancellationTokenSource, type CancellationToken, commands, Disposable, ProgressLocation, window } from "vscode";
import { showError } from "../errors";
import type { Progress } from "../protocol";

/** While anything is under way: the condition of the Escape key. */
const BUSY = "libria.busy";

export interface Job {
  readonly token: CancellationToken;
  /** What is going on, in a few words. */
  readonly say: (what: string) => void;
  readonly cancel: () => void;
}

export class Jobs implements Disposable {
  private readonly running = new Set<CancellationTokenSource>();

  get count(): number {
    return this.running.size;
  }

  /** Undefined where it was cancelled or failed; the error is shown then, with `again` to retry. */
  async run<T>(title: string, work: (job: Job) => Promise<T>, again?: () => unknown): Promise<T | undefined> {
    const source = new CancellationTokenSource();
    this.running.add(source);
    this.tell();
    try {
      return await window.withProgress(
        { location: ProgressLocation.Notification, title: `Libria: ${title}`, cancellable: true },
        (progress, token) => {
          token.onCancellationRequested(() => {
            source.cancel();
          });
          let said = "";
          return work({
            token: source.token,
            say: (message) => {
              if (message !== said) {
                said = message;
                progress.report({ message });
              }
            },
            cancel: () => {
              source.cancel();
            },
          });
        },
      );
    } catch (error) {
      if (!source.token.isCancellationRequested) {
        void showError(error, again);
      }
      return undefined;
    } finally {
      this.running.delete(source);
      this.tell();
      source.dispose();
    }
  }

  /** How many there were. */
  cancelAll(): number {
    const all = [...this.running];
    for (const source of all) {
      source.cancel();
    }
    return all.length;
  }

  dispose(): void {
    this.cancelAll();
  }

  private tell(): void {
    void commands.executeCommand("setContext", BUSY, this.running.size > 0);
  }
}

/** What a piece of progress says of the waiting; undefined where it is of the answer. */
export function waiting(value: Progress): string | undefined {
  switch (value.kind) {
    case "status": {
      const words = [value.state, value.position, value.etaMs && `${Math.ceil(value.etaMs / 1000)} s`];
      const target = value.state === "fallback" ? value.target : undefined;
      return [...words, value.reason && `(${value.reason})`, target].filter(Boolean).join(" ");
    }
    case "reasoning":
      return "thinking…";
    case "reset":
      return "starts again…";
    default:
      return undefined;
  }
}

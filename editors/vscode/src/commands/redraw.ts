/** Virtual documents that change often, looked at anew now and then. */
import { type Disposable, EventEmitter, type Uri } from "vscode";

/** Milliseconds between two looks at one document. */
const PAUSE = 100;

export class Redraw implements Disposable {
  private readonly emitter = new EventEmitter<Uri>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  readonly event = this.emitter.event;

  /** What comes in the meantime is shown along. */
  soon(uri: Uri): void {
    const key = uri.toString();
    if (!this.timers.has(key)) {
      const fire = () => {
        this.timers.delete(key);
        this.emitter.fire(uri);
      };
      this.timers.set(key, setTimeout(fire, PAUSE));
    }
  }

  dispose(): void {
    this.timers.forEach((timer) => {
      clearTimeout(timer);
    });
    this.emitter.dispose();
  }
}

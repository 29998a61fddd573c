/** What every part of the extension is built of. */
import type { Disposable, ExtensionContext, LogOutputChannel } from "vscode";
import type { Daemon } from "./daemon";

export interface Parts {
  readonly context: ExtensionContext;
  readonly daemon: Daemon;
  readonly log: LogOutputChannel;
}

/** Registers what the part contributes; disposing takes it away again. */
export type Part = (parts: Parts) => Disposable;

/** Builds the extension's parts; nothing here waits for the daemon. */
import { type Disposable, type ExtensionContext, window } from "vscode";
import { register as commands } from "./commands/index";
import { Daemon } from "./daemon";
import { register as dashboard } from "./dashboard/index";
import { register as inline } from "./inline";
import { register as looks } from "./looks/index";
import { register as model } from "./model";
import { register as participant } from "./participant";
import type { Part, Parts } from "./parts";
import { register as walkthrough } from "./walkthrough";

const PARTS: readonly Part[] = [commands, inline, looks, dashboard, walkthrough, model, participant];

export function activate(context: ExtensionContext): Parts {
  const log = window.createOutputChannel("Libria", { log: true });
  const daemon = new Daemon(context, log);
  const parts: Parts = { context, daemon, log };
  context.subscriptions.push(log, daemon, ...PARTS.map((part): Disposable => part(parts)));
  daemon.start().catch((error: unknown) => {
    log.error(error instanceof Error ? error.message : String(error));
  });
  return parts;
}

/** The first steps: shown to who has no key, and after the first call that failed for want of one. */
import { commands, ConfigurationTarget, Disposable, ExtensionMode, workspace } from "vscode";
import { errorData, showError } from "./errors";
import { wasFound } from "./find";
import { offerInstall } from "./finding/install";
import { keyEnvironment } from "./keys";
import type { Parts } from "./parts";
import { setKey } from "./setKey";

const SIMULATED = "simulate/story";
/** Remembered: this machine has seen a model, or its user the first steps. */
const WELCOMED = "welcomed";
const SETTLE_MS = 500;

export function register(parts: Parts): Disposable {
  const { daemon } = parts;
  let missed = false;
  return Disposable.from(
    commands.registerCommand("libria.openWalkthrough", openWalkthrough),
    commands.registerCommand("libria.install", () => offerInstall({ again: true })),
    commands.registerCommand("libria.setKey", (provider?: unknown) =>
      setKey(parts, typeof provider === "string" ? provider : undefined),
    ),
    commands.registerCommand("libria.trySimulator", trySimulator),
    daemon.onState((state) => {
      if (state === "running") {
        void greet(parts);
      }
    }),
    daemon.calls((event) => {
      if (event.kind !== "end") {
        return;
      }
      if (event.result !== undefined) {
        void commands.executeCommand("setContext", "libria.usable", true);
      } else if (errorData(event.error)?.kind === "credentialMissing" && !missed) {
        missed = true; // once: who has seen it asks for it
        void openWalkthrough("key");
      }
    }),
    followKeys(parts),
  );
}

/** At the step of that name. */
async function openWalkthrough(step?: string): Promise<void> {
  const category = "libria.libria#start";
  const at = typeof step === "string" ? { category, step } : { category };
  await commands.executeCommand("workbench.action.openWalkthrough", at, false);
  await tellFound();
}

/** Not before: a condition that holds before VS Code knows the steps never marks one as done (1.139). */
async function tellFound(): Promise<void> {
  await commands.executeCommand("setContext", "libria.found", wasFound());
}

/** Looks once a machine whether there is anything to ask; simulated models do not count. */
async function greet({ context, daemon, log }: Parts): Promise<void> {
  if (context.globalState.get(WELCOMED) === true) {
    await commands.executeCommand("setContext", "libria.usable", true);
    return;
  }
  try {
    const { models } = await daemon.request("libria/models", {});
    const usable = models.some(
      ({ id, capabilities }) => !id.startsWith("simulate/") && !capabilities.includes("alias"),
    );
    await commands.executeCommand("setContext", "libria.usable", usable);
    if (!usable && context.extensionMode !== ExtensionMode.Test) {
      await openWalkthrough();
    }
    await context.globalState.update(WELCOMED, true);
  } catch (error) {
    log.warn(`The models were not listed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function trySimulator(): Promise<void> {
  try {
    await workspace.getConfiguration("libria").update("model", SIMULATED, ConfigurationTarget.Global);
    await commands.executeCommand("libria.ask");
  } catch (error) {
    await showError(error);
  }
}

/** A key that another window set or removed counts here too, once nothing is under way. */
function followKeys({ context, daemon, log }: Parts): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let open = 0;
  let used = keyEnvironment(context).then(fingerprint, () => "");
  const follow = async () => {
    const now = fingerprint(await keyEnvironment(context));
    if (now === (await used)) {
      return;
    }
    if (open > 0) {
      plan();
    } else if (daemon.state === "running" || daemon.state === "failed") {
      await daemon.restart();
    }
  };
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      follow().catch((error: unknown) => {
        log.error(error instanceof Error ? error.message : String(error));
      });
    }, SETTLE_MS);
  };
  return Disposable.from(
    context.secrets.onDidChange(plan),
    daemon.calls(({ kind }) => {
      open += kind === "start" ? 1 : kind === "end" ? -1 : 0;
    }),
    daemon.onState((state) => {
      if (state === "starting") {
        used = keyEnvironment(context).then(fingerprint, () => "");
      }
    }),
    new Disposable(() => {
      clearTimeout(timer);
    }),
  );
}

function fingerprint(env: Record<string, string>): string {
  return JSON.stringify(Object.entries(env).sort());
}

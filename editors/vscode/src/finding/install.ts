/** Offers to install libria where there is none, in a terminal where the user sees what is done. */
import { homedir } from "node:os";
import { commands, ProcessExecution, Task, type TaskExecution, TaskRevealKind, TaskScope, tasks, window } from "vscode";
import { surroundings } from "./surroundings";
import { type Candidate, onPath } from "./candidates";
import { OLDEST } from "./probe";

const SETTINGS = "Set Its Path";

/** A program and what it is told. */
export interface Way {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** The ways to install libria that there are on this machine, the best first: each keeps it apart from other packages but the last. */
export function ways(find: (name: string) => string | undefined, upgrade = false): Way[] {
  const verb = upgrade ? "Upgrade" : "Install";
  const known: [name: string, args: string[]][] = [
    ["uv", ["tool", upgrade ? "upgrade" : "install", "libria"]],
    ["pipx", [upgrade ? "upgrade" : "install", "libria"]],
    ["pip3", ["install", "--user", "--upgrade", "libria"]],
    ["pip", ["install", "--user", "--upgrade", "libria"]],
  ];
  const found = known.flatMap(([name, args]) => {
    const command = find(name);
    return command === undefined ? [] : [{ title: `${verb} with ${name.replace("3", "")}`, command, args }];
  });
  return found.filter(({ title }, place) => found.findIndex((other) => other.title === title) === place);
}

let offered = false;

/** Once a window: who says no is not asked again, but by the command. */
export async function offerInstall({ again = false } = {}): Promise<void> {
  if (offered && !again) {
    return;
  }
  offered = true;
  const [best] = available(false);
  const message =
    best === undefined
      ? "Libria’s program is not installed, and neither uv, pipx nor pip was found: install one of them, or set the program’s path."
      : "Libria’s program is not installed. It is what talks to the models, for all tools of this machine.";
  await choose(message, best);
}

export async function offerUpgrade(candidate: Candidate, version: string): Promise<void> {
  const message = `Libria ${version} (${candidate.command}) is older than ${OLDEST}, which this extension needs.`;
  await choose(message, available(true)[0]);
}

async function choose(message: string, way: Way | undefined): Promise<void> {
  const titles = way === undefined ? [SETTINGS] : [way.title, SETTINGS];
  const chosen = await window.showWarningMessage(message, ...titles);
  if (chosen === SETTINGS) {
    await commands.executeCommand("workbench.action.openSettings", "libria.path");
  } else if (way !== undefined && chosen === way.title) {
    await install(way);
  }
}

function available(upgrade: boolean): Way[] {
  const around = surroundings(undefined);
  return ways((name) => onPath(name, around), upgrade);
}

/** Starts libria once it is there. */
async function install(way: Way): Promise<void> {
  if ((await ended(await tasks.executeTask(task(way)))) === 0) {
    await commands.executeCommand("libria.restartDaemon");
  } else {
    void window.showErrorMessage("Libria was not installed; the terminal says why.");
  }
}

/** Run in the home folder: uv and pip read settings, such as where packages are from, from the folder they run in. */
export function task({ title, command, args }: Way): Task {
  const execution = new ProcessExecution(command, [...args], { cwd: homedir() });
  const made = new Task({ type: "libria.install" }, TaskScope.Global, title, "Libria", execution);
  made.presentationOptions = { reveal: TaskRevealKind.Always, clear: false };
  return made;
}

function ended(execution: TaskExecution): Promise<number | undefined> {
  return new Promise((resolve) => {
    const listener = tasks.onDidEndTaskProcess((event) => {
      if (event.execution === execution) {
        listener.dispose();
        resolve(event.exitCode);
      }
    });
  });
}

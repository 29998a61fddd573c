/** How the daemon is doing, and what can be done about it. */
import { commands, ProgressLocation, type QuickPickItem, QuickPickItemKind, window } from "vscode";
import type { Daemon } from "../daemon";
import { showError } from "../errors";
import { duration, money } from "../looks/words";
import type { SpentTodayResult, StatusResult } from "../protocol";
import { chosenModel } from "./settings";

interface Item extends QuickPickItem {
  readonly command?: string;
}

/** Calls in flight are finished first; the next daemon has the keys and settings as they are now. */
export async function restartDaemon(daemon: Daemon): Promise<void> {
  const location = ProgressLocation.Notification;
  try {
    await window.withProgress({ location, title: "Libria: the daemon restarts…" }, async () => {
      if (daemon.state === "running") {
        await daemon.request("libria/stop", {});
      }
      await daemon.restart();
    });
    void window.showInformationMessage("Libria’s daemon runs anew.");
  } catch (error) {
    void showError(error, () => restartDaemon(daemon));
  }
}

/** `suggestions`: whether code is suggested here, as a sentence. */
export async function showStatus(daemon: Daemon, suggestions: string): Promise<void> {
  try {
    const status = await daemon.request("libria/status", {});
    const picked = await window.showQuickPick([...facts(status, suggestions), ...actions()], {
      title: `Libria ${status.version} · pid ${status.pid} · up ${duration(status.uptimeSeconds * 1000)}`,
      placeHolder: "Choose a line to do something about it",
    });
    if (picked?.command !== undefined) {
      await commands.executeCommand(picked.command);
    }
  } catch (error) {
    void showError(error, () => showStatus(daemon, suggestions));
  }
}

function facts(status: StatusResult, suggestions: string): Item[] {
  const { calls, clients, queue, today, breakers, targets, problems } = status;
  const waiting = queue.waiting > 0 ? `, ${queue.waiting} waiting for their turn` : "";
  return [
    fact("$(hubot) Model", chosenModel().model ?? "the daemon’s default", "libria.pickModel"),
    fact("$(pulse) Calls", `${calls.length} in flight${waiting}; ${clients.length} connected`, "libria.openDashboard"),
    ...(today === undefined ? [] : [fact("$(credit-card) Today", spent(today), "libria.openDashboard")]),
    fact("$(sparkle) Suggestions", suggestions, "libria.toggleInlineCompletion"),
    ...breakers
      .filter(({ state }) => state !== "closed")
      .map(({ target, reason }) => fact(`$(error) ${target}`, `fails: ${reason ?? "unknown"}`, "libria.openDashboard")),
    ...targets
      .filter(({ pausedMs }) => pausedMs > 0)
      .map(({ target, pausedMs }) => {
        return fact(`$(watch) ${target}`, `waits ${duration(pausedMs)} for its limit`, "libria.openDashboard");
      }),
    ...problems.map((problem) => fact("$(warning) Problem", problem, "libria.openLog")),
  ];
}

function fact(label: string, description: string, command: string): Item {
  return { label, description, command };
}

function spent({ usd, attempts, unpricedAttempts }: SpentTodayResult): string {
  const unknown = unpricedAttempts > 0 ? `, ${unpricedAttempts} of them of unknown price` : "";
  return `${money(usd)} for ${attempts} requests${unknown}`;
}

function actions(): Item[] {
  return [
    { label: "", kind: QuickPickItemKind.Separator },
    { label: "$(dashboard) Open Dashboard", command: "libria.openDashboard" },
    { label: "$(key) Set Key", command: "libria.setKey" },
    { label: "$(output) Open Log", command: "libria.openLog" },
    { label: "$(debug-restart) Restart Daemon", command: "libria.restartDaemon" },
  ];
}

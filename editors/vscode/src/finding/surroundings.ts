/** What this machine and this window are like, for looking a program up. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { workspace } from "vscode";
import type { Surroundings } from "./candidates";

/** `python` is the selected environment's folder of programs. */
export function surroundings(python: string | undefined): Surroundings {
  return {
    setting: workspace.getConfiguration("libria").get<string>("path", ""),
    path: process.env["PATH"] ?? "",
    home: homedir(),
    python,
    trusted: workspace.isTrusted,
    folders: (workspace.workspaceFolders ?? []).map(({ uri }) => real(uri.fsPath) ?? uri.fsPath),
    windows: process.platform === "win32",
    program,
  };
}

function program(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? real(path) : undefined;
  } catch {
    return undefined;
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

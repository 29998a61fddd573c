/** Where the `libria` command is. */
import { homedir } from "node:os";
import { type ExtensionContext, ProgressLocation, window } from "vscode";
import { NotRunning } from "./errors";
import { type Candidate, candidates } from "./finding/candidates";
import { offerInstall, offerUpgrade } from "./finding/install";
import { atLeast, OLDEST, versionOf } from "./finding/probe";
import { pythonFolder } from "./finding/python";
import { surroundings } from "./finding/surroundings";

/** `args` end with the command that serves an editor; it is to be started in `cwd`. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly version?: string;
}

let there = false;

/** Whether the last look found one. */
export function wasFound(): boolean {
  return there;
}

/** What starts `libria stdio`; undefined where there is no libria, which is then offered. Rejects where the setting names no libria. */
export async function findLibria(_context: ExtensionContext): Promise<Launch | undefined> {
  const found = await locate();
  there = found !== undefined;
  if (found === undefined) {
    void offerInstall();
    return undefined;
  }
  const { candidate, version } = found;
  if (!atLeast(version, OLDEST)) {
    void offerUpgrade(candidate, version);
  }
  return { command: candidate.command, args: [...candidate.args, "stdio"], cwd: homedir(), version };
}

/** The first that says its version. */
export async function locate(): Promise<{ candidate: Candidate; version: string } | undefined> {
  const found = candidates(surroundings(await pythonFolder()));
  for (const candidate of found) {
    try {
      const version = await (candidate.from === "uvx" ? fetching(candidate) : versionOf(candidate));
      return { candidate, version };
    } catch (error) {
      if (candidate.from === "setting") {
        const why = error instanceof Error ? error.message : String(error);
        throw new NotRunning(
          `The setting libria.path names ${candidate.command}, which is no libria: ${why}. Correct it, or empty it so that libria is looked for.`,
        );
      }
    }
  }
  return undefined;
}

function fetching(candidate: Candidate): Promise<string> {
  const shown = { location: ProgressLocation.Window, title: "Libria: uvx fetches it" };
  return Promise.resolve(window.withProgress(shown, () => versionOf(candidate)));
}

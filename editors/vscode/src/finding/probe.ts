/** Runs libria for a moment, never in the workspace's folder: what lies there is nobody's configuration. */
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import type { Candidate } from "./candidates";

/** Below it the daemon lacks methods that the extension uses. */
export const OLDEST = "0.1.0";

const SECONDS = 15;
/** For uvx, which fetches libria the first time. */
const FETCH_SECONDS = 180;

/** What it prints. Rejects where it cannot be run, fails without a word, or takes too long. */
export function run(candidate: Candidate, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const timeout = (candidate.from === "uvx" ? FETCH_SECONDS : SECONDS) * 1000;
  const options = { cwd: homedir(), env, timeout, maxBuffer: 16 * 1024 * 1024, windowsHide: true };
  return new Promise((resolve, reject) => {
    const child = execFile(candidate.command, [...candidate.args, ...args], options, (error, stdout) => {
      if (error !== null && stdout === "") {
        reject(new Error(error.killed === true ? `it said nothing within ${timeout / 1000} seconds` : reason(error)));
      } else {
        resolve(stdout);
      }
    });
    child.stdin?.end();
  });
}

/** Rejects with why it is no libria. */
export async function versionOf(candidate: Candidate): Promise<string> {
  const said = await run(candidate, ["--version"], process.env);
  const version = /^libria (\d+\.\d+\.\d+\S*)/.exec(said)?.[1];
  if (version === undefined) {
    throw new Error("it is another program");
  }
  return version;
}

/** Whether `version` is at least `least`, by its three numbers. */
export function atLeast(version: string, least: string): boolean {
  const [ours, theirs] = [numbers(version), numbers(least)];
  const place = ours.findIndex((number, index) => number !== theirs[index]);
  return place === -1 || (ours[place] ?? 0) > (theirs[place] ?? 0);
}

function numbers(version: string): number[] {
  return version.split(".", 3).map((part) => Number.parseInt(part, 10) || 0);
}

function reason(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  return code === "ENOENT"
    ? "there is no such program"
    : code === "EACCES"
      ? "it may not be run"
      : "it failed before it said its version";
}

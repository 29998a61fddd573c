/** The programs that may be libria, in the order in which they are tried. */
import { isAbsolute, join, relative, sep } from "node:path";

export type From = "setting" | "PATH" | "python" | "uvx";

/** `args` come before libria's own. */
export interface Candidate {
  readonly command: string;
  readonly args: readonly string[];
  readonly from: From;
}

/** `python` is the selected environment's folder of programs; `folders` are those of the workspace. */
export interface Surroundings {
  readonly setting: string;
  readonly path: string;
  readonly home: string;
  readonly python: string | undefined;
  readonly trusted: boolean;
  readonly folders: readonly string[];
  readonly windows: boolean;
  /** The real path of a program, undefined where there is none. */
  readonly program: (path: string) => string | undefined;
}

/**
 * What the user set stands alone: whoever names a program wants no other. Nothing that lies in a folder which is not
 * trusted is tried, nor anything that is found by a relative PATH: both are somebody else's choice.
 */
export function candidates(around: Surroundings): Candidate[] {
  const setting = around.setting.trim();
  if (setting !== "") {
    return [{ command: expanded(setting, around.home), args: [], from: "setting" }];
  }
  const found: Candidate[] = [];
  const add = (folders: readonly string[], name: string, from: From, args: readonly string[]) => {
    for (const folder of folders) {
      const command = join(folder, around.windows ? `${name}.exe` : name);
      if (isAbsolute(folder) && allowed(around, command) && !found.some((other) => other.command === command)) {
        found.push({ command, args, from });
      }
    }
  };
  const path = around.path.split(around.windows ? ";" : ":");
  const own = [join(around.home, ".local", "bin")]; // of uv and pipx; a desktop's PATH often lacks it
  add([...path, ...own], "libria", "PATH", []);
  if (around.python !== undefined && around.trusted) {
    add([around.python], "libria", "python", []);
  }
  add([...path, ...own, join(around.home, ".cargo", "bin")], "uvx", "uvx", ["libria"]);
  return found;
}

/** The first program of this name on PATH, or where uv and pipx put theirs. */
export function onPath(name: string, around: Surroundings): string | undefined {
  const folders = [...around.path.split(around.windows ? ";" : ":"), join(around.home, ".local", "bin")];
  return folders
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, around.windows ? `${name}.exe` : name))
    .find((command) => allowed(around, command));
}

function allowed(around: Surroundings, command: string): boolean {
  const real = around.program(command);
  if (real === undefined) {
    return false;
  }
  return around.trusted || !around.folders.some((folder) => within(folder, command) || within(folder, real));
}

function within(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function expanded(path: string, home: string): string {
  return /^~[/\\]/.test(path) ? join(home, path.slice(2)) : path;
}

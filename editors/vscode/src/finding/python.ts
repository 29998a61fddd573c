/** Where the Python environment that the user selected keeps its programs. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { extensions, type Uri, workspace } from "vscode";

/** What is used of https://github.com/microsoft/vscode-python/wiki/Python-Environment-APIs */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: Uri): { readonly path: string };
    resolveEnvironment(path: string): Promise<{ readonly executable?: { readonly uri?: Uri } } | undefined>;
  };
}

const BIN = process.platform === "win32" ? "Scripts" : "bin";

/** Undefined where there is none, and in a workspace that is not trusted: its settings select one. */
export async function pythonFolder(): Promise<string | undefined> {
  if (!workspace.isTrusted) {
    return undefined;
  }
  return (await selected()) ?? ofWorkspace();
}

async function selected(): Promise<string | undefined> {
  try {
    const api = (await extensions.getExtension<PythonApi>("ms-python.python")?.activate())?.environments;
    const resource = workspace.workspaceFolders?.[0]?.uri;
    const python = api && (await api.resolveEnvironment(api.getActiveEnvironmentPath(resource).path));
    const executable = python?.executable?.uri;
    return executable && dirname(executable.fsPath);
  } catch {
    return undefined; // that extension's trouble is not ours
  }
}

function ofWorkspace(): string | undefined {
  const folders = (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  return folders.map(({ uri }) => join(uri.fsPath, ".venv", BIN)).find((folder) => existsSync(folder));
}

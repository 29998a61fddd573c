/** The keys that the user has given to VS Code: in its secret storage, and from there in the forwarder's environment only. */
import type { Event, ExtensionContext } from "vscode";

const PREFIX = "key:";

/** Variables for the environment of `libria stdio`, by the vendors' own names. */
export async function keyEnvironment(context: ExtensionContext): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const variable of await storedVariables(context)) {
    const key = await context.secrets.get(PREFIX + variable);
    if (key !== undefined && key !== "") {
      env[variable] = key;
    }
  }
  return env;
}

export async function storedVariables(context: ExtensionContext): Promise<string[]> {
  const names = await context.secrets.keys();
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
}

export async function storeKey(context: ExtensionContext, variable: string, key: string): Promise<void> {
  await context.secrets.store(PREFIX + variable, key);
}

export async function removeKey(context: ExtensionContext, variable: string): Promise<void> {
  await context.secrets.delete(PREFIX + variable);
}

/** Also when another window changed one. */
export function onKeys(context: ExtensionContext): Event<unknown> {
  return context.secrets.onDidChange;
}

/** The providers that libria knows here, and where each has its key from: what `libria doctor` says without asking any. */
import type { ExtensionContext } from "vscode";
import { NotRunning } from "./errors";
import { locate } from "./find";
import { run } from "./finding/probe";
import { keyEnvironment } from "./keys";

/** `variable` is where the key goes, `source` where it is from now; `fault` says what else is to be set. */
export interface Provider {
  readonly name: string;
  readonly title: string;
  readonly variable: string;
  readonly source: string | undefined;
  readonly fault: string | undefined;
}

interface Finding {
  readonly name: string;
  readonly title: string;
  readonly key: { readonly state: string; readonly source: string | null; readonly from: string | null };
  readonly fault: string | null;
}

/** Those that take a key from the environment; others have it from a program or a keyring, or need none. */
export async function providers(context: ExtensionContext): Promise<Provider[]> {
  const found = await locate();
  if (found === undefined) {
    throw new NotRunning("Libria is not installed; run “Libria: Install”, or set libria.path to the executable.");
  }
  const env = { ...process.env, ...(await keyEnvironment(context)) };
  const said = await run(found.candidate, ["doctor", "--offline", "--json"], env);
  return parse(said);
}

export function parse(doctor: string): Provider[] {
  const { providers } = JSON.parse(doctor) as { providers: readonly Finding[] };
  return providers.flatMap(({ name, title, key, fault }) => {
    const variables = key.state === "missing" || key.from === "environment" ? (key.source ?? "").split(" or ") : [];
    const variable = variables.find((each) => each.endsWith("_API_KEY")) ?? variables[0];
    if (variable === undefined || variable === "") {
      return [];
    }
    const source = key.state === "found" ? variable : undefined;
    return [{ name, title, variable, source, fault: fault ?? undefined }];
  });
}

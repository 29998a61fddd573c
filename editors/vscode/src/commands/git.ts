/** What is used of the interface that VS Code's own Git extension exports. */
import { extensions, type Uri } from "vscode";

export interface Repository {
  readonly rootUri: Uri;
  readonly inputBox: { value: string };
  /** The staged changes where `cached`, else those that are not staged. */
  diff(cached?: boolean): Promise<string>;
}

interface Git {
  readonly repositories: readonly Repository[];
  getRepository(uri: Uri): Repository | null;
}

interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): Git;
}

/** Throws a sentence where there is no Git. */
export async function git(): Promise<Git> {
  const extension = extensions.getExtension<GitExtension>("vscode.git");
  const exported = await extension?.activate();
  if (exported?.enabled !== true) {
    throw new Error("Git is not enabled in VS Code; set git.enabled.");
  }
  return exported.getAPI(1);
}

/** Documents and their editors. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { commands, type TextEditor, Uri, window, workspace } from "vscode";

let counter = 0;

/** A new file of the workspace in an editor. No untitled document: VS Code gives the next of the same name what it had kept of the last. */
export async function openFile(content: string, ending: "py" | "txt"): Promise<TextEditor> {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  assert(folder !== undefined);
  const file = path.join(folder, `${path.basename(__filename, ".test.js")}${++counter}.${ending}`);
  writeFileSync(file, content);
  return window.showTextDocument(await workspace.openTextDocument(Uri.file(file)), { preview: false });
}

/** What is not saved is thrown away, without a question. */
export async function closeAll(): Promise<void> {
  while (window.tabGroups.all.some(({ tabs }) => tabs.length > 0)) {
    await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
}

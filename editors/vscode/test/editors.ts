/** Editors between tests. */
import { commands, window, workspace } from "vscode";
import { until } from "./kit";

/** What is not saved is thrown away, without a question; the next untitled document is a new one. */
export async function closeAll(): Promise<void> {
  while (window.tabGroups.all.some(({ tabs }) => tabs.length > 0)) {
    await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
  await until(() => !workspace.textDocuments.some(({ isUntitled }) => isUntitled), "the end of the documents");
}

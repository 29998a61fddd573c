/** The extension as it is installed from its file. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { commands, extensions, lm } from "vscode";
import { activate, page, until } from "./kit";

describe("the installed extension", () => {
  it("is whole, and small", async () => {
    const extension = extensions.getExtension("libria.libria");
    assert(extension !== undefined);
    assert(!extension.extensionPath.includes("/x0/extension"), "it is the one under development");
    assert(statSync(extension.extensionPath + "/dist/extension.js").size < 1024 * 1024);
    await (await activate()).daemon.ready();
    const all = await commands.getCommands(true);
    const contributed = (extension.packageJSON as { contributes: { commands: { command: string }[] } }).contributes;
    const missing = contributed.commands.filter(({ command }) => !all.includes(command));
    assert.deepEqual(missing, []);
    await until(async () => (await lm.selectChatModels({ vendor: "libria" })).length > 3, "the list of models");
    await commands.executeCommand("workbench.extensions.search", "@installed libria");
    await page.see('.extension-list-item .name:has-text("Libria")');
    await page.shot("installed");
  });
});

/** Questions, the model, the daemon: each command as the user calls it. */
import assert from "node:assert/strict";
import { commands, Selection, ViewColumn, window, workspace } from "vscode";
import type { Parts } from "../src/parts";
import { closeAll, openFile } from "./editors";
import { activate, machine, next, page, provider, until } from "./kit";

/** Documents of the tests before. */
const earlier = new Set<string>();

describe("commands", () => {
  let parts: Parts;

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
  });

  beforeEach(async () => {
    workspace.textDocuments.forEach(({ uri }) => earlier.add(uri.path));
    await provider.clear();
  });

  afterEach(async () => {
    await commands.executeCommand("notifications.clearAll");
    await closeAll();
  });

  it("are all there before and after the daemon is", async () => {
    const manifest = parts.context.extension.packageJSON as {
      contributes: { commands: { command: string }[]; menus: Record<string, { command?: string }[]> };
    };
    const known = await commands.getCommands(true);
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    assert.deepEqual(contributed.filter((command) => !known.includes(command)), []);
    const used = Object.values(manifest.contributes.menus).flatMap((items) => items.flatMap(({ command }) => command ?? []));
    assert.deepEqual(used.filter((command) => !contributed.includes(command)), []);
  });

  it("ask: streams into a rendered page, and goes on with the conversation", async () => {
    const editor = await openFile("print(1)\n", "py");
    editor.selection = new Selection(0, 0, 0, 8);
    await provider.script(["story+rate:60", "echo+rate:0"]);
    const asked = commands.executeCommand("libria.ask", "What does this do?");
    await until(() => answer().includes("Why we share"), "the beginning of the answer");
    await asked;
    const { body } = await provider.waitFor({ state: "done" });
    assert.match(JSON.stringify(body["messages"]), /What does this do\?.*```python\\nprint\(1\)\\n```/);
    await until(() => answer().endsWith("---\n\n"), "the whole answer");
    assert(answer().startsWith("> What does this do?"), answer());
    await window.showTextDocument(editor.document, { viewColumn: ViewColumn.One, selection: new Selection(0, 0, 0, 0) });
    await commands.executeCommand("libria.ask", "And then?");
    const again = await provider.waitFor({ state: "done" }, 2);
    const said = again.body["messages"] as { role: string; content: string }[];
    assert.deepEqual(said.map(({ role }) => role), ["user", "assistant", "user"]);
    await until(() => answer().includes("> And then?\n\nAnd then?"), "the second answer");
    await page.shot("ask-goes-on");
  });

  it("ask: takes the question from a box, and is cancelled by Escape", async () => {
    await provider.script(["story+count:100000"]);
    const asked = commands.executeCommand("libria.ask");
    await page.see(".quick-input-widget input");
    await page.type("Tell me a story");
    await page.shot("ask-box");
    await page.press("Enter");
    await until(() => answer().includes("Why we share"), "the beginning of the answer");
    await until(() => page.inFrames(`document.body.innerText.includes("Why we share") || null`), "the rendered answer");
    await page.shot("ask-streams");
    await page.press("Escape");
    await provider.waitFor({ state: "hung up" });
    await asked;
    await until(() => answer().includes("*Cancelled.*"), "the word that it was cancelled");
  });

  it("ask: ends when its page is closed", async () => {
    await provider.script(["story+count:100000"]);
    const asked = commands.executeCommand("libria.ask", "Tell me a story");
    await until(() => answer().includes("Why we share"), "the beginning of the answer");
    await commands.executeCommand("workbench.action.closeAllEditors");
    await provider.waitFor({ state: "hung up" });
    await asked;
  });

  it("ask: an answer that starts again is shown once", async () => {
    await setModel("breaking");
    await commands.executeCommand("libria.ask", "one two three four five six seven eight");
    await setModel(undefined);
    await until(() => answer().endsWith("---\n\n"), "the whole answer");
    assert.equal(answer().split("one two three").length, 3, answer()); // the question, the answer
  });

  it("explain: the block around the cursor, in a conversation of its own", async () => {
    const editor = await openFile("x = 1\n\n\ndef f(a):\n    return a\n", "py");
    editor.selection = new Selection(4, 4, 4, 4);
    await provider.script(["story+rate:0"]);
    await commands.executeCommand("libria.explainSelection");
    const { body } = await provider.waitFor({ state: "done" });
    assert.match(JSON.stringify(body["messages"]), /Explain what this does and why\..*```python\\ndef f\(a\):\\n {4}return a\\n```/);
    await until(() => answer().includes("lines 4–5"), "where the code is");
  });

  it("explain: as a code action", async () => {
    const editor = await openFile("x = 1\n", "py");
    await provider.script(["story+rate:0"]);
    const argument = { uri: editor.document.uri.toString(), range: editor.document.lineAt(0).range };
    await commands.executeCommand("libria.explain", argument);
    await until(() => answer().includes("Why we share"), "the answer");
  });

  it("pick model: names and aliases, and the one that is chosen answers", async () => {
    await commands.executeCommand("libria.pickModel");
    await page.see(".quick-input-list :text('breaking')");
    await page.type("anthropic/");
    await page.shot("pick-model");
    const changed = next(workspace.onDidChangeConfiguration, (event) => event.affectsConfiguration("libria.model"));
    await page.press("Enter");
    await changed;
    const model = workspace.getConfiguration("libria").get<string>("model", "");
    assert.match(model, /^anthropic\//);
    await commands.executeCommand("libria.ask", "Who?");
    assert.equal((await provider.waitFor({ state: "done" })).path, "/v1/messages");
    await setModel(undefined);
  });

  it("show status: says how the daemon is doing", async () => {
    const shown = commands.executeCommand("libria.showStatus");
    await page.see(".quick-input-list :text('in flight')");
    await page.see(".quick-input-title:has-text('pid')");
    await page.shot("show-status");
    await page.press("Escape");
    await shown;
  });

  it("restart daemon: another process, and all works on", async () => {
    const before = await parts.daemon.request("libria/status", {});
    await commands.executeCommand("libria.restartDaemon");
    const after = await parts.daemon.request("libria/status", {});
    assert.notEqual(after.pid, before.pid);
    const editor = await openFile("x = 1\n", "py");
    await provider.script(["code+rate:0"]);
    await commands.executeCommand("libria.improveSelection");
    await provider.waitFor({ state: "done" });
    assert.equal(editor.document.getText(), "x = 1\n");
    await commands.executeCommand("libria.rejectEdit");
  });

  it("survives a daemon that is killed", async () => {
    await provider.script(["story+rate:100+count:150"]);
    const asked = commands.executeCommand("libria.ask", "Tell me a story");
    await until(() => answer().includes("Why we share"), "the beginning of the answer");
    await machine.killDaemon();
    await asked;
    await until(() => answer().endsWith("---\n\n"), "the whole answer");
    assert.equal(answer().split("Why we share").length, 2, answer());
  });

  it("open log: shows the channel", async () => {
    await commands.executeCommand("libria.openLog");
    await until(() => page.count('.panel select option[value="Libria"]'), "the channel");
    await commands.executeCommand("workbench.action.closePanel");
  });
});

/** What the latest conversation says; those before may still be there. */
function answer(): string {
  const all = workspace.textDocuments.filter(({ uri }) => uri.scheme === "libria-answer" && !earlier.has(uri.path));
  return all.at(-1)?.getText() ?? "";
}

async function setModel(model: string | undefined): Promise<void> {
  await workspace.getConfiguration("libria").update("model", model, true);
}

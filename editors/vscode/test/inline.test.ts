/** Suggestions as one types: accepted whole, by word, by line; cancelled, switched off, and quiet without a model. */
import assert from "node:assert/strict";
import { commands, Selection, type TextEditor, workspace } from "vscode";
import { closeAll, openFile } from "./editors";
import { activate, machine, page, provider, until } from "./kit";

const FIRST = '"""Count the words of a text, the most frequent first."""';
const GHOST = ".ghost-text, .ghost-text-decoration";

describe("suggestions", () => {
  before(async () => {
    const { daemon } = await activate();
    await daemon.ready();
  });

  beforeEach(() => provider.clear());

  afterEach(closeAll);

  it("are shown as one types, and accepted whole", async () => {
    const editor = await open();
    await page.type("x");
    await page.see(GHOST);
    await page.shot("inline-ghost");
    assert.equal((await provider.calls())[0]?.path.endsWith("completions"), true);
    await page.press("Tab");
    await until(() => line(editor) !== "x", "the accepted text");
    assert(line(editor).startsWith("x"), line(editor));
    await commands.executeCommand("undo");
    assert(line(editor) === "x" || line(editor) === "", line(editor));
  });

  it("are accepted by word and by line", async () => {
    const editor = await open();
    await commands.executeCommand("editor.action.inlineSuggest.trigger");
    await page.see(GHOST);
    await page.press("Control+ArrowRight");
    await until(() => line(editor) !== "", "the first word");
    const word = line(editor);
    assert(word.length < FIRST.length && FIRST.startsWith(word), word);
    await page.press("Control+Alt+ArrowRight");
    await until(() => line(editor).length > word.length, "the line");
    assert.equal(line(editor).trimEnd(), FIRST);
  });

  it("that nobody wants any more are cancelled at the provider", async () => {
    await open();
    await provider.script(["code+first:60000", "code+rate:0"]);
    await page.type("q"); // of "x" the daemon knows by now how it may go on
    await provider.waitFor({ state: "open" });
    await page.type("r");
    await provider.waitFor({ state: "hung up" });
    await page.see(GHOST);
  });

  it("are switched off for a language, and asked for no more", async () => {
    await open();
    await commands.executeCommand("libria.toggleInlineCompletion");
    const settings = () => workspace.getConfiguration("libria.inlineCompletion").get<Record<string, boolean>>("languages");
    assert.equal(settings()?.["python"], false);
    await page.type("x");
    await commands.executeCommand("editor.action.inlineSuggest.trigger");
    assert.deepEqual(await provider.calls(), []);
    const shown = commands.executeCommand("libria.showStatus");
    await page.see(".quick-input-list :text('switched off for python')");
    await page.shot("inline-off");
    await page.press("Escape");
    await shown;
    await commands.executeCommand("libria.toggleInlineCompletion");
    assert.equal(settings()?.["python"], true);
    await workspace.getConfiguration("libria.inlineCompletion").update("languages", undefined, true);
  });

  it("are off where no model completes code, which the status says", async () => {
    const off = ".statusbar-item[id='libria.libria.libria.status'] .codicon-eye-closed";
    const { out } = await machine.libria("config", "path");
    const { readFile } = await import("node:fs/promises");
    const config = await readFile(out.trim(), "utf8");
    await machine.writeConfig(config.replace(/completion_model.*\n/, ""));
    try {
      await open();
      await until(async () => {
        await commands.executeCommand("editor.action.inlineSuggest.hide");
        await commands.executeCommand("editor.action.inlineSuggest.trigger");
        const shown = commands.executeCommand("libria.showStatus");
        await page.see(".quick-input-list :text('Suggestions')");
        const said = (await page.text(".quick-input-list")).includes("suggests no code");
        await page.press("Escape");
        await shown;
        return said;
      }, "the word that there is no model");
      await page.see(off);
    } finally {
      await machine.writeConfig(config);
    }
    await until(async () => {
      await page.type("x"); // VS Code asks once for a place
      return page.gone(off, 10_000).then(
        () => true,
        () => false, // the daemon had not read the config then
      );
    }, "a suggestion again");
  });
});

async function open(): Promise<TextEditor> {
  const editor = await openFile("import os\n\n\n", "py");
  editor.selection = new Selection(2, 0, 2, 0);
  await page.see("text=Ln 3, Col 1"); // the browser is as far
  await page.see(".editor-instance .monaco-editor.focused");
  return editor;
}

function line(editor: TextEditor): string {
  return editor.document.lineAt(2).text;
}

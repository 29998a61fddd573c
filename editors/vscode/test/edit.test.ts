/** Edits: seen as a diff while they come, made when the user accepts, one step of undo. */
import assert from "node:assert/strict";
import {
  type CodeAction,
  commands,
  Diagnostic,
  languages,
  Position,
  Range,
  Selection,
  TabInputTextDiff,
  type TextEditor,
  type Uri,
  window,
  workspace,
  WorkspaceEdit,
} from "vscode";
import { closeAll, openFile } from "./editors";
import { activate, page, provider, until } from "./kit";

const BEFORE = "import os\n\n\ndef f(a):\n    return a\n\n\ny = 1\n";

describe("edit", () => {
  before(async () => {
    const { daemon } = await activate();
    await daemon.ready();
  });

  beforeEach(() => provider.clear());

  afterEach(closeAll);

  it("streams into a diff, changes nothing before it is accepted, and is undone at once", async () => {
    const editor = await open();
    editor.selection = new Selection(3, 0, 5, 0);
    await provider.script(["code+rate:40"]);
    const done = edit("make it count words");
    const uri = await diff();
    await until(() => text(uri).includes("Count the words"), "the beginning of the text");
    assert(text(uri).startsWith("import os\n\n\n"), text(uri));
    assert(text(uri).endsWith("\n\n\ny = 1\n"), text(uri));
    assert.equal(editor.document.getText(), BEFORE);
    await page.shot("edit-streams");
    await done;
    assert.equal(editor.document.getText(), BEFORE);
    await until(() => text(uri).includes("SystemExit(main())"), "the whole text");
    const offered = text(uri);
    await page.see(".line-insert");
    await page.shot("edit-offered");
    const { body } = await provider.waitFor({ state: "done" });
    assert.match(JSON.stringify(body["messages"]), /<selection>def f\(a\):\\n {4}return a\\n<\/selection>.*make it count words/);
    await commands.executeCommand("libria.acceptEdit");
    assert.equal(proposal(), undefined);
    assert.equal(editor.document.getText(), offered);
    assert.equal(window.activeTextEditor?.document, editor.document);
    await commands.executeCommand("undo");
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("is rejected without a trace", async () => {
    const editor = await offered("code+rate:0");
    await commands.executeCommand("libria.rejectEdit");
    assert.equal(proposal(), undefined);
    assert.equal(editor.document.getText(), BEFORE);
    assert.equal(editor.document.isDirty, false);
  });

  it("is decided change by change, by keys", async () => {
    const editor = await open("# one\n# two\n# three\n# four\n# five\n");
    editor.selection = new Selection(0, 0, 5, 0);
    // The simulator's echo says the user's text: its instruction is what stands in the selection then.
    await provider.script(["echo+rate:0"]);
    await edit("x");
    const uri = await diff();
    await until(() => text(uri).includes("</after>\nx") && !text(uri).includes("<selection>"), "the offer");
    const whole = text(uri);
    await commands.executeCommand("cursorTop");
    await page.press("Alt+Enter");
    await until(() => editor.document.getText() !== "# one\n# two\n# three\n# four\n# five\n", "the first change");
    assert.equal(editor.document.getText(), `${whole.slice(0, whole.indexOf("# one"))}# one\n# two\n# three\n# four\n# five\n`);
    await page.shot("edit-one-accepted");
    const between = editor.document.getText();
    await page.press("Alt+Backspace");
    await until(() => proposal() === undefined, "the end of the review");
    assert.equal(editor.document.getText(), between);
  });

  it("moves along while the user types above", async () => {
    const editor = await open();
    editor.selection = new Selection(3, 0, 5, 0);
    await provider.script(["code+rate:40"]);
    const done = edit("anew");
    const uri = await diff();
    await until(() => text(uri).includes("Count the words"), "the beginning of the text");
    await type(editor.document.uri, 0, "import sys\n");
    await done;
    await type(editor.document.uri, 0, "import re\n");
    await until(() => text(uri).startsWith("import re\nimport sys\nimport os\n\n\n\"\"\"Count"), "both lines in the offer");
    await commands.executeCommand("libria.acceptEdit");
    assert(editor.document.getText().startsWith('import re\nimport sys\nimport os\n\n\n"""Count'));
    assert(editor.document.getText().endsWith("\n\n\ny = 1\n"));
  });

  it("is not made where the user has edited the same lines", async () => {
    const editor = await offered("code+rate:0");
    await type(editor.document.uri, 3, "# mine\n", 4);
    const mine = editor.document.getText();
    await commands.executeCommand("libria.acceptEdit");
    await commands.executeCommand("notifications.showList");
    await page.shot("edit-left-out");
    await page.see("text=left out: you have edited these lines meanwhile");
    await commands.executeCommand("notifications.clearAll");
    assert.equal(editor.document.getText(), mine);
  });

  it("ends when its diff editor is closed: the provider is hung up on", async () => {
    await open();
    await provider.script(["code+rate:20"]);
    const done = edit("anew");
    const uri = await diff();
    await until(() => text(uri).includes("Count"), "the beginning of the text");
    await commands.executeCommand("workbench.action.closeActiveEditor");
    await provider.waitFor({ state: "hung up" });
    await done;
  });

  it("ends with Escape", async () => {
    const editor = await open();
    await provider.script(["code+rate:20"]);
    const done = edit("anew");
    const uri = await diff();
    await until(() => text(uri).includes("Count"), "the beginning of the text");
    await page.press("Escape");
    await provider.waitFor({ state: "hung up" });
    await done;
    assert.equal(proposal(), undefined);
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("says why it failed, and closes its diff editor", async () => {
    await open();
    await provider.script(["status:401"]);
    await edit("anew");
    assert.equal(proposal(), undefined);
    await commands.executeCommand("notifications.showList");
    await page.see("text=The provider rejected the API key");
    await page.see(".notification-list-item a:has-text('Set Key')");
    await page.shot("edit-failed");
    await commands.executeCommand("notifications.clearAll");
  });

  it("fixes what diagnostics say, as a code action that is offered once", async () => {
    const editor = await open();
    const problems = languages.createDiagnosticCollection("lint");
    problems.set(editor.document.uri, [new Diagnostic(new Range(4, 11, 4, 12), "a is not what you think")]);
    try {
      const found = await commands.executeCommand<CodeAction[]>(
        "vscode.executeCodeActionProvider",
        editor.document.uri,
        new Range(4, 11, 4, 12),
      );
      const mine = found.filter(({ title }) => title.includes("Libria"));
      assert.deepEqual(mine.map(({ title }) => title).sort(), [
        "Document with Libria",
        "Explain with Libria",
        "Fix with Libria",
        "Improve with Libria",
      ]);
      const fix = mine.find(({ title }) => title === "Fix with Libria")?.command;
      assert(fix !== undefined);
      await provider.script(["code+rate:0", "code+rate:0"]);
      await commands.executeCommand(fix.command, ...((fix.arguments as unknown[] | undefined) ?? []));
      await diff();
      const { body } = await provider.waitFor({ state: "done" });
      assert.match(JSON.stringify(body["messages"]), /line 1 of the selection: a is not what you think/);
      await commands.executeCommand("libria.acceptEdit");
      assert(editor.document.getText().includes("Count the words"));
      assert(editor.document.getText().includes("def f(a):"));
      await commands.executeCommand("undo");
      editor.selection = new Selection(4, 11, 4, 11);
      await commands.executeCommand("libria.fixSelection");
      const again = await provider.waitFor({ state: "done" }, 2);
      assert.match(JSON.stringify(again.body["messages"]), /a is not what you think/);
    } finally {
      problems.dispose();
    }
  });

  it("improves and documents the block around the cursor", async () => {
    const editor = await open();
    editor.selection = new Selection(4, 6, 4, 6);
    for (const [count, command] of ["libria.improveSelection", "libria.documentSelection"].entries()) {
      await provider.script(["code+rate:0"]);
      await commands.executeCommand(command);
      const { body } = await provider.waitFor({ state: "done" }, count + 1);
      assert.match(JSON.stringify(body["messages"]), /<selection>def f\(a\):\\n {4}return a\\n<\/selection>/);
      await commands.executeCommand("libria.rejectEdit");
      assert.equal(window.activeTextEditor?.document, editor.document);
    }
  });
});

async function open(content = BEFORE): Promise<TextEditor> {
  const editor = await openFile(content, "py");
  editor.selection = new Selection(3, 0, 3, 0);
  return editor;
}

/** An edit that waits to be decided on. */
async function offered(played: string): Promise<TextEditor> {
  const editor = await open();
  await provider.script([played]);
  await edit("anew");
  const uri = await diff();
  await until(() => text(uri).includes("SystemExit(main())"), "the whole text");
  return editor;
}

async function edit(words: string): Promise<void> {
  await commands.executeCommand("libria.editSelection", words);
}

/** The right side of the diff editor that is shown. */
function proposal(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof TabInputTextDiff && input.modified.scheme === "libria-edit" ? input.modified : undefined;
}

async function diff(): Promise<Uri> {
  await until(() => proposal() !== undefined, "the diff editor");
  return proposal() ?? assert.fail();
}

function text(uri: Uri): string {
  return workspace.textDocuments.find((one) => one.uri.toString() === uri.toString())?.getText() ?? "";
}

async function type(uri: Uri, line: number, words: string, character = 0): Promise<void> {
  await until(async () => {
    const change = new WorkspaceEdit();
    change.insert(uri, new Position(line, character), words);
    return workspace.applyEdit(change);
  }, "what is typed");
}

/** Text at the cursor: it streams, it is one step of undo, and the user goes on working. */
import assert from "node:assert/strict";
import { commands, Position, Range, Selection, type TextDocument, type TextEditor, workspace } from "vscode";
import { closeAll, openFile } from "./editors";
import { activate, next, page, provider, until } from "./kit";

const BEFORE = "first\n\nlast\n";

describe("insert at the cursor", () => {
  before(async () => {
    const { daemon } = await activate();
    await daemon.ready();
  });

  beforeEach(() => provider.clear());

  afterEach(closeAll);

  it("streams in batches, is one step of undo, and takes the cursor along", async () => {
    const editor = await open();
    let changes = 0;
    const listener = workspace.onDidChangeTextDocument(({ document }) => (changes += +(document === editor.document)));
    await provider.script(["story+count:250+rate:125"]);
    const done = insert();
    await next(workspace.onDidChangeTextDocument, ({ document }) => document === editor.document);
    assert.equal((await provider.waitFor({})).state, "open", "it streams");
    await page.shot("insert-streams");
    await done;
    listener.dispose();
    const [, made] = parts(editor.document);
    assert(made.length > 200, made);
    assert(changes > 1 && changes < 80, `${changes} edits for 250 deltas`);
    assert(editor.selection.active.isEqual(editor.document.positionAt("first\n".length + made.length)));
    await commands.executeCommand("undo");
    assert.equal(editor.document.getText(), BEFORE);
    await commands.executeCommand("redo");
    assert.equal(parts(editor.document)[1], made);
  });

  it("shows the model where the text goes, and takes its fence off", async () => {
    const editor = await open();
    await provider.script(["code+rate:0"]);
    await insert("a program");
    const { body } = await provider.waitFor({ state: "done" });
    assert.match(JSON.stringify(body["messages"]), /first\\n<here\/>\\nlast/);
    const [, made] = parts(editor.document);
    assert(made.startsWith('"""Count the words'), made);
    assert(!made.includes("```"));
  });

  it("lets the user type elsewhere", async () => {
    const editor = await open();
    await provider.script(["story+count:100000"]);
    const done = insert();
    await until(() => parts(editor.document)[1] !== "", "the beginning of the text");
    for (const word of ["one ", "two ", "three "]) {
      const before = editor.document.version;
      assert(await typed(editor, word));
      await until(() => editor.document.version > before + 1, "more of the text");
    }
    await commands.executeCommand("libria.cancel");
    await done;
    const text = editor.document.getText();
    assert(text.startsWith("three two one first\n"), text);
    assert(text.endsWith("\nlast\n"), text);
    assert(parts(editor.document)[1].startsWith("Why we share"), text);
  });

  it("ends with Escape; what came stays, and is undone at once", async () => {
    const editor = await open();
    await provider.script(["story+count:100000"]);
    const done = insert();
    await until(() => parts(editor.document)[1].length > 10, "the beginning of the text");
    await page.press("Escape");
    await provider.waitFor({ state: "hung up" });
    await done;
    assert(parts(editor.document)[1].length > 10);
    await commands.executeCommand("undo");
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("says what it waits for, with a button that cancels", async () => {
    const editor = await open();
    await provider.script(["story+first:60000"]);
    const done = insert();
    await provider.waitFor({ state: "open" });
    await commands.executeCommand("notifications.showList"); // VS Code shows no toasts to tests
    await page.see(".notification-list-item:has-text('Libria: Insert')");
    await page.shot("insert-waits");
    await page.click(".notification-list-item a:has-text('Cancel')");
    await provider.waitFor({ state: "hung up" });
    await done;
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("takes away what was void when the answer starts again", async () => {
    const editor = await open();
    await workspace.getConfiguration("libria").update("model", "breaking", true);
    try {
      await insert("once more");
    } finally {
      await workspace.getConfiguration("libria").update("model", undefined, true);
    }
    const [, made] = parts(editor.document);
    assert.equal(made.split("Wanted: once more").length, 2, made);
    assert.equal((await provider.calls()).length, 2);
    await commands.executeCommand("undo");
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("ends when the document is closed", async () => {
    const editor = await open();
    await provider.script(["story+count:100000"]);
    const done = insert();
    await until(() => parts(editor.document)[1] !== "", "the beginning of the text");
    await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    await provider.waitFor({ state: "hung up" });
    await done;
  });

  it("ends when the user takes the text back", async () => {
    const editor = await open();
    await provider.script(["story+count:100000"]);
    const done = insert();
    await until(() => parts(editor.document)[1] !== "", "the beginning of the text");
    await commands.executeCommand("undo");
    await provider.waitFor({ state: "hung up" });
    await done;
    assert.equal(editor.document.getText(), BEFORE);
  });

  it("waits while another document is looked at, and goes on", async () => {
    const editor = await open();
    await provider.script(["story+count:60+rate:200"]);
    const done = insert();
    await until(() => parts(editor.document)[1] !== "", "the beginning of the text");
    const other = await openFile("other", "txt");
    await done;
    assert.equal(other.document.getText(), "other");
    await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    const calls = await provider.calls();
    assert.equal(calls[0]?.state, "done");
    assert(parts(editor.document)[1].length > 200);
  });
});

async function open(): Promise<TextEditor> {
  const editor = await openFile(BEFORE, "txt");
  editor.selection = new Selection(1, 0, 1, 0);
  return editor;
}

async function insert(words = "a story"): Promise<void> {
  await commands.executeCommand("libria.insertAtCursor", words);
}

/** Before, what was inserted, behind. */
function parts(document: TextDocument): [string, string, string] {
  const text = document.getText();
  const start = text.indexOf("first\n") + "first\n".length;
  const end = text.lastIndexOf("\nlast\n");
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** At the very beginning, as if by the user; once more where the text came in the same moment. */
async function typed(editor: TextEditor, text: string): Promise<boolean> {
  const start = new Position(0, 0);
  for (let tries = 0; tries < 20; tries++) {
    if (
      await editor.edit((builder) => {
        builder.replace(new Range(start, start), text);
      })
    ) {
      return true;
    }
  }
  return false;
}

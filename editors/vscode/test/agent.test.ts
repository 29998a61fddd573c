/** VS Code's own chat, in Ask and Agent mode, on Libria's models, with nobody signed in. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  commands,
  Diagnostic,
  extensions,
  languages,
  Range,
  Selection,
  type TextDocument,
  Uri,
  window,
  workspace,
} from "vscode";
import { activate, page, provider, until } from "./kit";

interface Answered {
  errorDetails?: { message: string };
}

interface Git {
  getAPI(version: 1): { openRepository(root: Uri): Promise<{ inputBox: { value: string } } | null> };
}

describe("the chat view", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "libria-chat-"));

  before(async () => {
    await (await activate()).daemon.ready();
    await commands.executeCommand("libria.useInChat");
    await page.see(".chat-input-container");
    await page.shot("chat-ready");
  });

  beforeEach(async () => {
    await provider.clear();
    await commands.executeCommand("workbench.action.chat.newChat");
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("answers in Ask mode", async () => {
    const answered = await ask("ask", "quick", "Tell me of the lighthouse");
    assert.equal(answered.errorDetails, undefined);
    await page.shot("chat-ask");
  });

  it("goes through a tool's call and its result in Agent mode", async () => {
    const answered = await ask("agent", "openai/tools", "What is wrong here?");
    assert.equal(answered.errorDetails, undefined);
    await page.shot("chat-agent");
    const calls = (await provider.calls()).filter(({ model }) => model === "tools");
    const last = JSON.stringify(calls.at(-1)?.body);
    assert(calls.length >= 2 && /"role":"tool"|function_call_output/.test(last), `${calls.length} calls`);
  });

  it("shows the daemon's sentence when the provider refuses", async () => {
    const answered = await ask("ask", "refused", "Tell");
    await page.shot("chat-error");
    assert.match(answered.errorDetails?.message ?? "", /API key, set a valid one/);
    assert.doesNotMatch(answered.errorDetails?.message ?? "", /extension\.js/);
  });

  it("shows what a model thinks", async () => {
    await ask("ask", "thinking", "Tell");
    await page.shot("chat-thinking");
  });

  it("hangs up on the provider when it is stopped", async () => {
    await ask("agent", "openai/echo", "Hello"); // after which the conversation has its title
    const asked = ask("agent", "endless", "Tell me of the lighthouse");
    await page.see(".interactive-response >> text=Why we share one daemon >> visible=true");
    await page.shot("chat-streaming");
    await commands.executeCommand("workbench.action.chat.cancel");
    const call = await provider.waitFor({ model: "story+count:4000+rate:40", state: "hung up" });
    assert(call.events > 0);
    await asked;
    await ask("agent", "openai/echo", "Good"); // VS Code asks the last agent's model for the titles of conversations
  });

  it("has @libria explain what is selected, and offers what comes next", async () => {
    await python("def seven(): return 7\n");
    const answered = await ask("ask", "openai/echo", "@libria /explain");
    assert.equal(answered.errorDetails, undefined);
    const [said] = await questions();
    assert.match(said ?? "", /Explain what this does and why[^]*def seven/);
    await page.see("text=Write tests");
    await page.shot("participant-explain");
  });

  it("has @libria find faults by what is reported of the code", async () => {
    const { uri } = await python("def seven(): return 8\n");
    const reported = languages.createDiagnosticCollection("test");
    reported.set(uri, [new Diagnostic(new Range(0, 0, 0, 5), "this is not seven")]);
    const answered = await ask("ask", "openai/echo", "@libria /fix");
    reported.dispose();
    assert.equal(answered.errorDetails, undefined);
    const [said] = await questions();
    assert.match(said ?? "", /Find and correct[^]*line 1: this is not seven[^]*return 8/);
  });

  it("has @libria write tests for an attached file, which it names", async () => {
    const file = path.join(folder, "nine.py");
    writeFileSync(file, "def nine(): return 9\n");
    const answered = await ask("ask", "openai/echo", "@libria /tests", [file]);
    assert.equal(answered.errorDetails, undefined);
    const [said] = await questions();
    assert.match(said ?? "", /Write tests for this[^]*nine\.py[^]*def nine/);
    await page.see(".chat-used-context-label, .chat-used-context");
    await page.shot("participant-tests");
  });

  it("has @libria write a commit's message, and a button puts it into the box", async () => {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "pipe" });
    git("init", "--quiet");
    writeFileSync(path.join(folder, "a.txt"), "one\n");
    git("add", ".");
    const api = (await extensions.getExtension<Git>("vscode.git")?.activate())?.getAPI(1);
    const repository = (await api?.openRepository(Uri.file(folder))) ?? assert.fail("no repository");
    const answered = await ask("ask", "quick", "@libria /commit");
    assert.equal(answered.errorDetails, undefined);
    const [said] = await questions();
    assert.match(said ?? "", /\+one/);
    await page.see("text=Use as Commit Message");
    await page.shot("participant-commit");
    await page.click("text=Use as Commit Message");
    await until(() => repository.inputBox.value.startsWith("Why we share"), "the message in the box");
    await commands.executeCommand("workbench.view.explorer");
    await commands.executeCommand("git.close", repository);
  });

  it("has @libria remember what was said", async () => {
    await ask("ask", "openai/echo", "@libria my number is 4711");
    await ask("ask", "openai/echo", "@libria which is it?");
    assert.match((await questions()).at(-1) ?? "", /4711[^]*4711[^]*which is it/);
  });

  it("has @libria say what to do when it cannot answer", async () => {
    const answered = await ask("ask", "refused", "@libria hello");
    assert.match(answered.errorDetails?.message ?? "", /API key, set a valid one/);
    await page.shot("participant-error");
  });

  it("has @libria say openly that an answer starts again", async () => {
    await ask("ask", "breaking", "@libria one two three four five six seven");
    await page.see("text=starts again");
    await page.shot("participant-reset");
  });
});

/** In an editor, its first line selected. */
async function python(content: string): Promise<TextDocument> {
  const document = await workspace.openTextDocument({ content, language: "python" });
  const editor = await window.showTextDocument(document);
  editor.selection = new Selection(document.positionAt(0), document.lineAt(0).range.end);
  return document;
}

/** What the provider was asked, but for the titles of conversations, which VS Code asks for besides. */
async function questions(): Promise<string[]> {
  const bodies = (await provider.calls()).map(({ body }) => JSON.stringify(body));
  return bodies.filter((body) => !body.includes("titles for chatbot"));
}

async function ask(mode: string, id: string, query: string, attached: string[] = []): Promise<Answered> {
  const answered = await commands.executeCommand<Answered | undefined>("workbench.action.chat.open", {
    query,
    mode,
    modelSelector: { vendor: "libria", id },
    attachFiles: attached.map((file) => Uri.file(file)),
    blockOnResponse: true,
  });
  return answered ?? {};
}

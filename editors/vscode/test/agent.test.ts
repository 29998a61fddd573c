/** VS Code's own chat, in Ask and Agent mode, on Libria's models, with nobody signed in. */
import assert from "node:assert/strict";
import { commands, Selection, window, workspace } from "vscode";
import { activate, page, provider } from "./kit";

interface Answered {
  errorDetails?: { message: string };
}

describe("the chat view", () => {
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
    const asked = ask("agent", "openai/story", "Tell me of the lighthouse");
    await provider.waitFor({ model: "story", state: "open" });
    await page.shot("chat-streaming");
    await commands.executeCommand("workbench.action.chat.cancel");
    const call = await provider.waitFor({ model: "story", state: "hung up" });
    assert(call.events > 0);
    await asked;
  });

  it("has @libria explain what is selected, and offers what comes next", async () => {
    const document = await workspace.openTextDocument({ content: "def seven(): return 7\n", language: "python" });
    const editor = await window.showTextDocument(document);
    editor.selection = new Selection(document.positionAt(0), document.lineAt(0).range.end);
    const answered = await ask("ask", "openai/echo", "@libria /explain");
    assert.equal(answered.errorDetails, undefined);
    const [call] = await provider.calls();
    assert.match(JSON.stringify(call?.body), /Explain what this does and why[^]*def seven/);
    await page.see("text=Write tests");
    await page.shot("participant-explain");
  });

  it("has @libria remember what was said", async () => {
    await ask("ask", "openai/echo", "@libria my number is 4711");
    await ask("ask", "openai/echo", "@libria which is it?");
    const calls = await provider.calls();
    assert.match(JSON.stringify(calls.at(-1)?.body), /4711[^]*4711[^]*which is it/);
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

async function ask(mode: string, id: string, query: string): Promise<Answered> {
  const answered = await commands.executeCommand<Answered | undefined>("workbench.action.chat.open", {
    query,
    mode,
    modelSelector: { vendor: "libria", id },
    blockOnResponse: true,
  });
  return answered ?? {};
}

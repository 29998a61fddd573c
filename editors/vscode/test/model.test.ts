/** Libria's models through VS Code's own API for language models. */
import assert from "node:assert/strict";
import {
  CancellationTokenSource,
  type LanguageModelChat,
  LanguageModelChatMessage,
  LanguageModelDataPart,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  LanguageModelToolResultPart,
  lm,
} from "vscode";
import { activate, machine, provider, until } from "./kit";

const ADD = {
  name: "add",
  description: "adds",
  inputSchema: { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
};

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

describe("the models", () => {
  before(async () => {
    await (await activate()).daemon.ready();
  });

  beforeEach(() => provider.clear());

  it("are listed, aliases among them, with what they can", async () => {
    await until(async () => (await lm.selectChatModels({ vendor: "libria" })).length > 3, "the list of models");
    const all = await lm.selectChatModels({ vendor: "libria" });
    const ids = all.map(({ id }) => id);
    assert(ids.includes("fast") && ids.includes("openai/story"), ids.join(" "));
    assert((all[0]?.maxInputTokens ?? 0) > 1000);
  });

  it("stream text", async () => {
    const { text, parts } = await ask("openai/echo", [LanguageModelChatMessage.User("seven bridges")]);
    assert.equal(text, "seven bridges");
    const usage = parts.find((part) => part instanceof LanguageModelDataPart && part.mimeType === "usage");
    assert(usage instanceof LanguageModelDataPart);
    const said = JSON.parse(new TextDecoder().decode(usage.data)) as { prompt_tokens: number };
    assert(said.prompt_tokens > 0);
  });

  it("call tools and hear their results", async () => {
    const question = LanguageModelChatMessage.User("add something");
    const first = await ask("openai/tools", [question], [ADD]);
    const call = first.parts.find((part) => part instanceof LanguageModelToolCallPart);
    assert(call instanceof LanguageModelToolCallPart, "no tool was called");
    assert.equal(call.name, "add");
    const second = await ask(
      "openai/tools",
      [
        question,
        LanguageModelChatMessage.Assistant([call]),
        LanguageModelChatMessage.User([
          new LanguageModelToolResultPart(call.callId, [new LanguageModelTextPart("the sum is 42")]),
        ]),
      ],
      [ADD],
    );
    assert.match(second.text, /the sum is 42/);
  });

  for (const vendor of ["anthropic", "openai"]) {
    it(`give ${vendor} back what it wants back of its thinking`, async () => {
      const model = `thinking-${vendor}`;
      const question = LanguageModelChatMessage.User("add something");
      const first = await ask(model, [question], [ADD]);
      const call = first.parts.find((part) => part instanceof LanguageModelToolCallPart);
      assert(call instanceof LanguageModelToolCallPart, "no tool was called");
      const result = new LanguageModelToolResultPart(call.callId, [new LanguageModelTextPart("42")]);
      const history = [LanguageModelChatMessage.Assistant([call]), LanguageModelChatMessage.User([result])];
      const second = await ask(model, [question, ...history], [ADD]);
      assert.match(second.text, /42/);
      assert.equal((await provider.calls()).length, 2);
    });
  }

  it("see images", async () => {
    const image = LanguageModelDataPart.image(Buffer.from(PIXEL, "base64"), "image/png");
    await ask("quick", [LanguageModelChatMessage.User([new LanguageModelTextPart("what?"), image])]);
    const [call] = await provider.calls();
    assert.match(JSON.stringify(call?.body), /data:image\/png;base64,iVBOR/);
  });

  it("stop at the provider within 250 ms", async () => {
    const source = new CancellationTokenSource();
    const asked = ask("endless", [LanguageModelChatMessage.User("tell")], [], source, () => {
      source.cancel();
    });
    await asked.catch(() => undefined);
    const call = await provider.waitFor({ state: "hung up" });
    assert(call.events < 60, `${call.events} of its deltas came before it heard`);
  });

  it("say what to do when the provider refuses", async () => {
    await assert.rejects(ask("refused", [LanguageModelChatMessage.User("?")]), /API key, set a valid one/);
    await assert.rejects(ask("too-long", [LanguageModelChatMessage.User("?")]), /shorten|context/i);
  });

  it("say openly that an answer starts again", async () => {
    const { text } = await ask("breaking", [LanguageModelChatMessage.User("one two three four five six seven")]);
    const [, again] = text.split("starts again:*\n\n");
    assert.equal(again, "one two three four five six seven");
  });

  it("count tokens without asking anybody", async () => {
    const model = await find("openai/story");
    assert.equal(await model.countTokens("x".repeat(400)), 100);
    assert.equal((await provider.calls()).length, 0);
  });

  it("answer on when the daemon was killed in mid-stream", async () => {
    let killed: Promise<number> | undefined;
    const { text } = await ask("steady", [LanguageModelChatMessage.User("tell")], [], undefined, () => {
      killed ??= machine.killDaemon();
    });
    assert.equal(await killed, 1);
    const whole = await ask("quick", [LanguageModelChatMessage.User("tell")]);
    assert.equal(text.split("starts again:*\n\n").at(-1), whole.text);
  });
});

async function find(id: string): Promise<LanguageModelChat> {
  const [model] = await lm.selectChatModels({ vendor: "libria", id });
  assert(model !== undefined, `${id} is not in the picker`);
  return model;
}

async function ask(
  id: string,
  messages: LanguageModelChatMessage[],
  tools: (typeof ADD)[] = [],
  source = new CancellationTokenSource(),
  onPart?: () => void,
): Promise<{ text: string; parts: unknown[] }> {
  const model = await find(id);
  const response = await model.sendRequest(messages, { tools }, source.token);
  const parts: unknown[] = [];
  for await (const part of response.stream) {
    parts.push(part);
    onPart?.();
  }
  return { text: parts.map((part) => (part instanceof LanguageModelTextPart ? part.value : "")).join(""), parts };
}

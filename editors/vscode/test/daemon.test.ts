/** The connection to the daemon: streams, cancels, breaks. */
import assert from "node:assert/strict";
import { CancellationError, CancellationTokenSource } from "vscode";
import type { Parts } from "../src/parts";
import type { Progress } from "../src/protocol";
import { errorData } from "../src/errors";
import { activate, machine, provider } from "./kit";

describe("the daemon", () => {
  let parts: Parts;

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
  });

  beforeEach(() => provider.clear());

  it("streams an answer whose deltas are its content", async () => {
    const said: Progress[] = [];
    const result = await parts.daemon.stream(
      "libria/chat",
      { model: "openai/story+rate:0", messages: [{ role: "user", content: "tell" }] },
      { on: (value) => said.push(value) },
    );
    assert.equal(said.map((value) => (value.kind === "delta" ? value.text : "")).join(""), result.content);
    assert(result.content.length > 100);
  });

  it("rejects at once when it is cancelled, and the provider is hung up on", async () => {
    const source = new CancellationTokenSource();
    const asked = parts.daemon.stream(
      "libria/chat",
      { model: "openai/story+count:100000", messages: [{ role: "user", content: "tell" }] },
      {
        on: ({ kind }) => {
          if (kind === "delta") {
            source.cancel();
          }
        },
        token: source.token,
      },
    );
    await assert.rejects(asked, CancellationError);
    await provider.waitFor({ state: "hung up" });
  });

  it("hands a reset over, after which the answer starts again", async () => {
    const said: Progress[] = [];
    const result = await parts.daemon.stream(
      "libria/chat",
      { model: "breaking", messages: [{ role: "user", content: "one two three four five six seven" }] },
      { on: (value) => said.push(value) },
    );
    const reset = said.findIndex(({ kind }) => kind === "reset");
    assert(reset > 0);
    const after = said.slice(reset).map((value) => (value.kind === "delta" ? value.text : ""));
    assert.equal(after.join(""), result.content);
  });

  it("goes on when the daemon is killed, with the answer from its beginning", async () => {
    let [killed, said] = [undefined as Promise<number> | undefined, ""];
    const result = await parts.daemon.stream(
      "libria/chat",
      { model: "steady", messages: [{ role: "user", content: "tell" }] },
      {
        on: (value) => {
          if (value.kind === "delta") {
            said += value.text;
            killed ??= machine.killDaemon();
          } else if (value.kind === "reset") {
            said = "";
          }
        },
      },
    );
    assert.equal(await killed, 1);
    assert.equal(said, result.content);
  });

  it("says an error's kind and what to do", async () => {
    const asked = parts.daemon.request("libria/chat", { model: "refused", messages: [{ role: "user", content: "?" }] });
    await assert.rejects(asked, (error) => errorData(error)?.kind === "credentialRejected");
  });

  it("rejects what waits when it is restarted, and answers afterwards", async () => {
    const asked = parts.daemon.request("libria/chat", { model: "openai/story+count:100000", messages: [{ role: "user", content: "?" }] });
    await provider.waitFor({ model: "story+count:100000", state: "open" });
    const restarted = parts.daemon.restart();
    await assert.rejects(asked, /ask again/);
    await restarted;
    assert.equal(parts.daemon.state, "running");
    await parts.daemon.request("libria/status", {});
  });
});

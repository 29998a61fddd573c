/** That long streams leave nothing behind in the extension host. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Daemon } from "../src/daemon";
import { activate } from "./kit";

const STREAMS = 8;
const DELTAS = 25_000;
const MEGABYTES = 25; // of 200,000 deltas, whose text alone is more than a megabyte, whose messages twenty

describe("memory", () => {
  it("stays flat over 200,000 deltas", async () => {
    const { daemon } = await activate();
    await stream(daemon);
    const before = heap();
    let deltas = 0;
    for (let turn = 0; turn < STREAMS; turn += 1) {
      deltas += await stream(daemon);
    }
    const grown = heap() - before;
    assert(deltas > 1000, `${deltas} messages only`);
    assert(grown < MEGABYTES, `${grown.toFixed(1)} MB more`);
  }).timeout(180_000);
});

/** How many messages brought them: what comes together is joined on the way. */
async function stream(daemon: Daemon): Promise<number> {
  let messages = 0;
  const result = await daemon.stream(
    "libria/chat",
    { model: `openai/fast:${DELTAS}`, messages: [{ role: "user", content: "go" }], cache: { mode: "off" } },
    {
      on: (value) => {
        messages += value.kind === "delta" ? 1 : 0;
      },
    },
  );
  assert.equal(result.usage.outputTokens, DELTAS);
  return messages;
}

/** Megabytes in use, what is garbage taken away. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}

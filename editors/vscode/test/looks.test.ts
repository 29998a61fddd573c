/** The status bar and the language status: what they say of each state, as a user sees it. */
import assert from "node:assert/strict";
import { commands, ConfigurationTarget, EventEmitter, workspace } from "vscode";
import type { CallEvent, DaemonState } from "../src/daemon";
import { type Kind, look, type Picture } from "../src/looks/look";
import { Watch } from "../src/looks/watch";
import type { Parts } from "../src/parts";
import type { StatusResult } from "../src/protocol";
import { activate, page, until } from "./kit";

const ITEM = ".statusbar-item[id='libria.libria.libria.status']";
const STATUS = {
  pid: 1, version: "0.1.0", uptimeSeconds: 1, tasks: 1, socket: "", config: "", problems: [], clients: [], calls: [],
  pools: [], breakers: [], targets: [], queue: { inFlight: 0, slots: 64, waiting: 0, room: 100 },
  cache: { hits: 1, misses: 3, stored: 3, foreign: 0, joined: 0, savedUsd: 0.5 }, redis: { status: "off" }, spend: [],
  today: { seconds: 1, usd: 1.234, attempts: 4, unpricedAttempts: 0, inputTokens: 12_345, outputTokens: 99 },
} as unknown as StatusResult; // prettier-ignore
const PICTURE: Picture = {
  state: "running",
  problem: undefined,
  model: "openai/gpt-5-mini",
  calls: [],
  last: undefined,
  status: STATUS,
  seen: 1000,
  suggestions: { state: "on", why: "" },
};
const CALL = { id: "1", model: "openai/gpt-5-mini", since: 0 };
const TARGET = {
  target: "openai/gpt-5-mini", key: "", limits: [], pausedMs: 12_000, waiting: 0, inFlight: 0, found: false,
}; // prettier-ignore
const BROKEN = {
  target: "openai/gpt-5-mini",
  state: "open",
  failures: 5,
  retryInMs: 9000,
  reason: "timedOut",
} as const;

function check(change: Partial<Picture>, kind: Kind, text: string): void {
  const seen = look({ ...PICTURE, ...change }, 2000);
  assert.deepEqual([seen.kind, seen.text], [kind, text]);
}

describe("looks", () => {
  let parts: Parts;

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
  });

  after(async () => {
    await workspace.getConfiguration("libria").update("model", undefined, ConfigurationTarget.Global);
  });

  it("says in words what is known", () => {
    check({}, "idle", "$(sparkle) gpt-5-mini $1.23");
    check({ status: undefined }, "idle", "$(sparkle) gpt-5-mini");
    check({ model: "" }, "idle", "$(sparkle) Libria $1.23");
    check({ suggestions: { state: "off", why: "Off." } }, "idle", "$(sparkle) gpt-5-mini $1.23 $(eye-closed)");
    check({ state: "starting" }, "starting", "$(loading~spin) Libria");
    check({ state: "stopped" }, "off", "$(circle-slash) Libria");
    check({ state: "failed", problem: "No." }, "broken", "$(error) Libria not running");
    check({ calls: [{ ...CALL, state: "streaming", speed: 41.7 }] }, "busy", "$(loading~spin) gpt-5-mini 42 tok/s");
    check({ calls: [{ ...CALL, state: "connecting" }] }, "busy", "$(loading~spin) gpt-5-mini …");
    const queued = { ...CALL, state: "queued", reason: "concurrency", position: 3, until: 6000 } as const;
    check({ calls: [queued] }, "busy", "$(loading~spin) gpt-5-mini queued place 3, 4 s");
    check({ calls: [{ ...queued, reason: "rateLimit" }] }, "throttled", "$(watch) gpt-5-mini throttled place 3, 4 s");
    const first = { ...CALL, state: "waiting", reason: "firstToken", until: 60_000 } as const;
    check({ calls: [first, { ...first, id: "2" }] }, "busy", "$(loading~spin) gpt-5-mini … +1");
    check({ calls: [{ ...CALL, state: "retrying", until: 4000 }] }, "throttled", "$(watch) gpt-5-mini retries in 2 s");
    check({ status: { ...STATUS, targets: [TARGET] } }, "throttled", "$(watch) gpt-5-mini throttled 11 s");
    check({ status: { ...STATUS, breakers: [BROKEN] } }, "broken", "$(error) gpt-5-mini fails");
    const other = { ...STATUS, breakers: [{ ...BROKEN, target: "groq/other" }] };
    check({ status: other }, "idle", "$(sparkle) gpt-5-mini $1.23");
    assert.match(look({ ...PICTURE, status: other }, 2000).sentences[0] ?? "", /^groq\/other failed 5 times .* 8 s\.$/);
  });

  it("asks after each call and while somebody looks, else never", async () => {
    const calls = new EventEmitter<CallEvent>();
    const states = new EventEmitter<DaemonState>();
    const focus = new EventEmitter<undefined>();
    let focused = false;
    const request = (() => Promise.resolve(STATUS)) as unknown as Parts["daemon"]["request"];
    const daemon = { state: "running", onState: states.event, calls: calls.event, request } as const;
    const watch = new Watch(daemon, { focused: () => focused, onChange: focus.event });
    const ended: CallEvent = { kind: "end", id: "1", at: 0 };
    calls.fire(ended);
    states.fire("running");
    await turns();
    assert.equal(watch.asked, 0, "nobody looks");
    focused = true;
    focus.fire(undefined);
    await until(() => watch.status !== undefined, "an answer");
    focus.fire(undefined);
    await turns();
    assert.equal(watch.asked, 1, "what is known is new enough");
    calls.fire(ended);
    calls.fire(ended);
    await until(() => watch.asked === 2, "asked after the calls");
    await turns();
    assert.equal(watch.asked, 2, "once for both");
    watch.dispose();
  });

  it("shows the model at rest, and what it does", async () => {
    await choose("openai/story+rate:40+count:100000");
    await shows(/story/);
    await page.shot("status-idle");
    const ended = ask("openai/story+rate:40+count:100000");
    await shows(/story.* \d+ tok\/s/);
    await page.shot("status-busy");
    const calls = (await parts.daemon.request("libria/status", {})).calls;
    await parts.daemon.request("libria/cancel", { callId: calls[0]?.callId ?? "" });
    await ended;
    await choose("openai/echo");
    await ask("openai/echo", 0);
    await ask("openai/echo", 0);
    await shows(/echo cached/);
  });

  it("looks different when throttled and when broken", async () => {
    await choose("groq/story+status:429+retry-after:300");
    await ask("groq/story+status:429+retry-after:300");
    await shows(/throttled \d+ min/);
    await until(() => has("warning-kind"), "the colour of a warning");
    await page.shot("status-throttled");
    await page.do("hover", ITEM);
    await page.see(".hover-contents >> text=asked for a pause", 10_000);
    await page.shot("status-tooltip");
    await page.do("mouse.move", 640, 200);
    await page.gone(".hover-contents");
    const failing = "anthropic/story+status:500";
    await choose(failing);
    for (let number = 0; number < 4; number++) {
      await ask(failing);
    }
    await shows(/500 fails/);
    await until(() => has("error-kind"), "the colour of an error");
    await page.shot("status-broken");
  });

  it("says when suggestions are off, in the language status too", async () => {
    await choose("openai/echo");
    const settings = workspace.getConfiguration("libria");
    await settings.update("inlineCompletion.enabled", false, ConfigurationTarget.Global);
    await page.see(`${ITEM} .codicon-eye-closed`);
    await workspace.openTextDocument({ content: "x = 1\n", language: "python" }).then((document) => show(document));
    await page.do("hover", ".statusbar-item[id='status.languageStatus']");
    await page.see("text=No suggestions");
    await page.shot("status-language");
    await settings.update("inlineCompletion.enabled", undefined, ConfigurationTarget.Global);
    await page.gone(`${ITEM} .codicon-eye-closed`);
    await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  function ask(model: string, temperature?: number): Promise<unknown> {
    const params = { model, messages: [{ role: "user" as const, content: "Tell me." }], timeouts: { total: 20 } };
    const asked = { ...params, ...(temperature !== undefined && { temperature }) };
    return parts.daemon.stream("libria/chat", asked, { on: () => undefined }).catch(() => undefined);
  }
});

async function show(document: Awaited<ReturnType<typeof workspace.openTextDocument>>): Promise<void> {
  const { window } = await import("vscode");
  await window.showTextDocument(document);
}

async function choose(model: string): Promise<void> {
  await workspace.getConfiguration("libria").update("model", model, ConfigurationTarget.Global);
}

async function shows(words: RegExp): Promise<void> {
  let last = "";
  await until(async () => words.test((last = await page.text(ITEM))), `${words.source} in the status bar`).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}; it says ${last}`);
    },
  );
}

async function has(name: string): Promise<boolean> {
  return (await page.count(`${ITEM}.${name}`)) > 0;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What the suites share: the extension's parts, the simulator and the daemon behind them, the page that a user sees. */
import assert from "node:assert/strict";
import { type Event, extensions } from "vscode";
import type { Parts } from "../src/parts";

/** What the provider saw of a call. */
export interface Seen {
  path: string;
  model: string;
  played: string;
  status: number;
  state: "open" | "done" | "hung up";
  events: number;
  /** Seconds, by the provider's clock. */
  time: number;
  ended: number | null;
  key: string;
  body: Record<string, unknown>;
}

/** The extension, active. */
export async function activate(): Promise<Parts> {
  const extension = extensions.getExtension<Parts>("libria.libria");
  assert(extension !== undefined, "the extension is not there");
  return extension.activate();
}

export const provider = {
  calls: () => ask<Seen[]>("calls"),
  /** It has seen nothing, and nothing is scripted. */
  clear: () => ask<null>("clear"),
  /** How the next calls are answered, before their model's name counts. */
  script: (played: string[]) => ask<null>("script", played),
  /** The first call (or the `count`th) whose fields are so, as soon as there is one. */
  waitFor: (where: Partial<Seen>, count = 1) => ask<Seen>("waitFor", where, count),
};

export const machine = {
  killDaemon: () => ask<number>("killDaemon"),
  stopDaemon: () => ask<null>("stopDaemon"),
  libria: (...args: string[]) => ask<{ code: number; out: string; err: string }>("libria", ...args),
  writeConfig: (text: string) => ask<null>("writeConfig", text),
};

/** The browser page that shows this VS Code: playwright's `page`, by the name of its method. */
export const page = {
  do: <T = null>(method: string, ...args: unknown[]) => post<T>(required("LIBRIA_TEST_PAGE"), { method, args }),
  press: (key: string) => page.do("keyboard.press", key),
  type: (text: string) => page.do("keyboard.type", text),
  click: (selector: string) => page.do("click", selector),
  see: (selector: string, timeout = 60_000) => page.do("waitForSelector", selector, { timeout }),
  gone: (selector: string, timeout = 60_000) => page.do("waitForSelector", selector, { state: "detached", timeout }),
  text: (selector: string) => page.do<string>("innerText", selector),
  count: (selector: string) => page.do<number>("evaluate", `document.querySelectorAll(${JSON.stringify(selector)}).length`),
  /** What the expression gives in the first frame where it gives anything: webviews are frames. */
  inFrames: <T>(expression: string) => page.do<T | null>("inFrames", expression),
  /** Into the run's folder of screenshots; its path. */
  shot: (name: string) => page.do<string>("shot", name),
};

/** Resolves with the first event that `is` it. */
export function next<T>(event: Event<T>, is: (value: T) => boolean = () => true): Promise<T> {
  return new Promise((resolve) => {
    const listener = event((value) => {
      if (is(value)) {
        listener.dispose();
        resolve(value);
      }
    });
  });
}

/** Looks again and again until `look` gives something true; for what tells no event. */
export async function until<T>(look: () => T | PromiseLike<T>, what: string, within = 60_000): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    assert(Date.now() < deadline, `${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function ask<T>(name: string, ...args: unknown[]): Promise<T> {
  return post<T>(`${required("LIBRIA_TEST_CONTROL")}/${name}`, args);
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  const value: unknown = await response.json();
  if (!response.ok) {
    throw new Error(String(value));
  }
  return value as T;
}

function required(name: string): string {
  const value = process.env[name];
  assert(value !== undefined, `${name} is not set: run pytest tests/editors/vscode`);
  return value;
}

/** The dashboard as a user sees it: figures, bars, cancel, themes, keyboard. */
import assert from "node:assert/strict";
import { commands, ConfigurationTarget, window, workspace } from "vscode";
import type { Parts } from "../src/parts";
import type { Methods, StatusParams } from "../src/protocol";
import { activate, page, provider, until } from "./kit";

const MAIN = `document.querySelector("main#dashboard:not([hidden])")`;

/** Of the dashboard's page: what the expression of `it` gives. */
function inPage<T>(expression: string): Promise<T | null> {
  return page.inFrames<T>(`(() => { const it = ${MAIN}; return it && (${expression}); })()`);
}

function text(selector: string): Promise<string | null> {
  return inPage<string>(`it.querySelector(${JSON.stringify(selector)})?.innerText ?? null`);
}

describe("dashboard", () => {
  let parts: Parts;

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
    await commands.executeCommand("workbench.action.closeAllEditors");
    await commands.executeCommand("workbench.action.closeAuxiliaryBar");
    await commands.executeCommand("libria.openDashboard");
    await until(() => inPage(`it.getAttribute("aria-busy") === "false" || null`), "the first picture");
  });

  after(async () => {
    await workspace.getConfiguration("workbench").update("colorTheme", undefined, ConfigurationTarget.Global);
    await commands.executeCommand("workbench.action.closeAllEditors");
  });

  it("shows a call under way and ends it", async () => {
    const asked = parts.daemon
      .stream(
        "libria/chat",
        { model: "openai/story+rate:40+count:100000", messages: [{ role: "user", content: "Tell me." }] },
        { on: () => undefined },
      )
      .then(
        () => "answered",
        () => "ended",
      );
    const row = await until(
      () =>
        inPage<string>(
          `it.querySelector("#calls tbody tr td.state[data-state=streaming]")?.parentElement.innerText ?? null`,
        ),
      "a streaming call",
    );
    assert.match(row ?? "", /story/);
    await page.shot("dashboard-busy");
    await inPage(`it.querySelector("#calls button").click()`);
    assert.equal(await asked, "ended");
    await provider.waitFor({ state: "hung up" });
    await until(async () => (await text("#calls .none:not([hidden])")) !== null, "no call any more");
  });

  it("has bars for limits and headroom", async () => {
    await parts.daemon.request("libria/chat", {
      model: "groq/echo+limits",
      messages: [{ role: "user", content: "Hello" }],
    });
    const meter = `it.querySelector("#limits [role=meter][aria-label^='requests'][aria-label$='groq/echo+limits']")`;
    const words = await until(() => inPage<string>(`${meter}?.getAttribute("aria-valuetext") ?? null`), "a bar");
    assert.match(words ?? "", /^\d+ of [\d,k]+/);
    assert.match((await inPage<string>(`${meter}.firstChild.style.width`)) ?? "", /%$/);
  });

  it("has a bar for each budget", async () => {
    const meter = `it.querySelector("#budgets:not([hidden]) [role=meter][aria-label='budget everything']")`;
    const words = await until(() => inPage<string>(`${meter}?.getAttribute("aria-valuetext") ?? null`), "a bar");
    assert.match(words ?? "", /^\$\d+\.\d\d( \+\?)? of \$100\.00 a month$/);
  });

  it("shows what fails and what pauses", async () => {
    const ask = (model: string) =>
      parts.daemon
        .request("libria/chat", { model, messages: [{ role: "user", content: "x" }], timeouts: { total: 3 } })
        .catch(() => undefined);
    for (let number = 0; number < 3; number++) {
      await ask("anthropic/story+status:500");
    }
    await ask("groq/story+status:429+retry-after:300");
    await until(async () => (await text("#breakers:not([hidden])"))?.includes("anthropic/"), "the failing target");
    await until(async () => (await text(".troubles"))?.includes("asked for a pause"), "the pause");
  });

  it("follows the theme", async () => {
    const looks: string[] = [];
    for (const [name, theme] of [
      ["dark", "Default Dark Modern"],
      ["light", "Default Light Modern"],
      ["high-contrast", "Default High Contrast"],
      ["high-contrast-light", "Default High Contrast Light"],
    ] as const) {
      await workspace.getConfiguration("workbench").update("colorTheme", theme, ConfigurationTarget.Global);
      const before = looks.at(-1);
      const seen = await until(async () => {
        const now = await inPage<string>(
          `getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color + document.body.className`,
        );
        return now !== null && now !== before && now;
      }, `the theme ${theme}`);
      looks.push(String(seen));
      await page.shot(`dashboard-${name}`);
    }
    assert.equal(new Set(looks).size, 4);
    await workspace.getConfiguration("workbench").update("colorTheme", undefined, ConfigurationTarget.Global);
  });

  it("can be used by keyboard, and names what it shows", async () => {
    const unnamed = await inPage<number>(
      `[...it.querySelectorAll("button, select, table, section, [role=meter]")].filter((each) => !(each.getAttribute("aria-label") || each.getAttribute("aria-labelledby") || each.innerText)).length`,
    );
    assert.equal(unnamed, 0);
    await inPage(`it.querySelector("[data-by=tool]").focus()`);
    await page.press("Tab");
    await until(() => inPage(`document.activeElement.dataset.by === "model" || null`), "the next button");
    await page.press("Enter");
    await until(
      () => inPage(`it.querySelector("[data-by=model]").getAttribute("aria-pressed") === "true" || null`),
      "it is pressed",
    );
  });

  it("runs nothing that is not its own", async () => {
    const policy = await page.inFrames<string>(`${MAIN} && document.querySelector("meta[http-equiv]").content`);
    assert.match(
      policy ?? "",
      /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; base-uri 'none'; form-action 'none'$/,
    );
    await inPage(`(() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      const image = document.createElement("img");
      image.setAttribute("onerror", "window.ran = true");
      image.src = "data:,";
      document.body.append(script, image);
    })()`);
    assert.equal(await inPage(`String(window.ran)`), "undefined");
  });

  it("asks only while it is seen", async () => {
    const { daemon } = parts;
    const request = daemon.request.bind(daemon);
    let asked = 0;
    daemon.request = (method: keyof Methods, params: StatusParams) => {
      asked += method === "libria/status" && params.recent === 3600 ? 1 : 0;
      return request(method, params as never);
    };
    try {
      await until(() => asked > 1, "more than one question while it is seen");
      await commands.executeCommand("workbench.action.files.newUntitledFile");
      await until(() => window.activeTextEditor !== undefined, "another editor");
      await request("libria/status", {}); // what it was asking then is answered
      const before = asked;
      const messages = [{ role: "user" as const, content: "x" }];
      await daemon.stream("libria/chat", { model: "openai/echo", messages }, { on: () => undefined });
      assert.equal(asked, before, "not for a call's end either");
      await commands.executeCommand("workbench.action.closeActiveEditor");
      await until(() => asked > before, "seen again, it asks again");
    } finally {
      daemon.request = request;
    }
  });
});

/** The first key: missing, asked for, kept where nobody reads it, tried, refused, removed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { commands } from "vscode";
import { keyEnvironment, storedVariables, storeKey } from "../src/keys";
import type { Parts } from "../src/parts";
import { parse } from "../src/providers";
import { activate, machine, next, page, provider, until } from "./kit";

const KEY = "gsk-typed-by-a-person-0123456789";
const INPUT = ".quick-input-widget input";

describe("keys", () => {
  let parts: Parts;
  let config = "";
  const refusing = createServer((_request, response) => {
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: "Incorrect API key provided.", code: "invalid_api_key" } }));
  });

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
    config = readFileSync((await parts.daemon.request("libria/status", {})).config, "utf8");
    await new Promise<void>((resolve) => {
      refusing.listen(0, "127.0.0.1", resolve);
    });
  });

  after(async () => {
    refusing.close();
    await machine.writeConfig(config);
    await commands.executeCommand("workbench.action.closeAllEditors");
    await commands.executeCommand("notifications.clearAll");
  });

  /** VS Code shows no toasts to tests, and closes the list when it is empty for a moment. */
  async function notice(text: string): Promise<void> {
    await until(async () => {
      await commands.executeCommand("notifications.showList");
      return page.do<boolean>("isVisible", `.notifications-center >> text=${text}`);
    }, text);
  }

  it("shows the first steps when a call fails for want of a key", async () => {
    await assert.rejects(ask("groq/echo"), /GROQ_API_KEY/);
    await commands.executeCommand("workbench.action.closeAuxiliaryBar");
    await commands.executeCommand("workbench.action.closeSidebar");
    await page.do("setViewportSize", { width: 1440, height: 900 });
    await page.see("text=Get Started with Libria");
    await page.see("text=Set the key of one provider");
    await page.see("text=Try without a key");
    await page.shot("walkthrough-key");
    await commands.executeCommand("libria.openWalkthrough", "install");
    await page.see("text=Install libria");
    await page.see("[data-done-step-id$='install'][aria-checked='true']");
    await page.shot("walkthrough-install");
    await commands.executeCommand("workbench.action.closeAllEditors");
    await assert.rejects(ask("groq/echo"), /GROQ_API_KEY/);
    assert.equal(await page.count(".gettingStartedContainer"), 0, "once is enough");
  });

  it("asks for a key, keeps it, tries it, and uses it", async () => {
    const done = commands.executeCommand<boolean>("libria.setKey");
    await page.see(`${INPUT} >> visible=true`);
    await page.see(".quick-input-list >> text=OpenAI");
    await page.shot("set-key-provider");
    await page.type("Groq");
    await page.press("Enter");
    await page.see("text=Kept in VS Code’s secret storage");
    await page.type(KEY);
    assert.equal(await page.do("getAttribute", INPUT, "type"), "password");
    await page.shot("set-key-input");
    await page.press("Enter");
    assert.equal(await done, true);
    await notice("Groq takes the key");
    await page.shot("set-key-taken");
    assert.deepEqual(await storedVariables(parts.context), ["GROQ_API_KEY"]);
    await provider.clear();
    await ask("groq/echo");
    const [call] = await provider.calls();
    assert(call !== undefined);
    assert(
      createHash("sha256")
        .update(KEY)
        .digest("hex")
        .startsWith(call.key.replace(/^sha256:/, "")),
      call.key,
    );
  });

  it("says which providers have one", async () => {
    await commands.executeCommand("notifications.clearAll");
    const done = commands.executeCommand<boolean>("libria.setKey");
    await page.see(".quick-input-list >> text=key kept in VS Code");
    await page.do("press", INPUT, "Escape");
    assert.equal(await done, false);
  });

  it("tells of a key that is refused, and removes it", async () => {
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/v1`;
    const own = `kind = "openai-compatible"\nbase_url = "${url}"\napi_key_env = "REFUSING_API_KEY"\n`;
    await machine.writeConfig(`${config}[providers.refusing]\n${own}`);
    await until(
      () =>
        parts.daemon.request("libria/models", { provider: "refusing" }).then(
          () => true,
          () => false,
        ),
      "the provider in the config",
    );
    const done = commands.executeCommand<boolean>("libria.setKey", "refusing");
    await page.see("text=Kept in VS Code’s secret storage");
    await page.type(`${KEY}-wrong`);
    await page.press("Enter");
    assert.equal(await done, false);
    await notice("Remove It");
    await page.shot("set-key-refused");
    await page.click(".notifications-center >> text=Remove It");
    await notice("no longer kept in VS Code");
    assert.deepEqual(Object.keys(await keyEnvironment(parts.context)), ["GROQ_API_KEY"]);
  });

  it("follows another window that sets a key", async () => {
    const running = next(parts.daemon.onState, (state) => state === "running");
    await storeKey(parts.context, "GROQ_API_KEY", `${KEY}-other`);
    await running;
    await provider.clear();
    await ask("groq/echo");
    assert.equal((await provider.calls())[0]?.key, digest(`${KEY}-other`));
  });

  it("is in no file", async () => {
    await until(async () => (await storedVariables(parts.context)).length === 1, "the key is kept");
    const home = process.env["LIBRIA_HOME"] ?? assert.fail();
    const found = files(home).filter((file) => readFileSync(file).includes(KEY));
    assert.deepEqual(found, []);
  });

  it("knows which variable a provider's key belongs in", () => {
    const entry = (name: string, key: object, fault: string | null = null) => ({ name, title: name, key, fault });
    const missing = { state: "missing", from: null };
    const doctor = [
      entry("anthropic", { ...missing, source: "ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN" }),
      entry("huggingface", { ...missing, source: "HF_TOKEN or HUGGING_FACE_HUB_TOKEN" }),
      entry("vertex", { ...missing, source: "VERTEX_ACCESS_TOKEN or VERTEX_API_KEY" }, "It wants a project."),
      entry("groq", { state: "found", source: "GROQ_API_KEY", from: "environment" }),
      entry("mine", { state: "found", source: "pass", from: "command" }),
      entry("ollama", { state: "notNeeded", source: null, from: null }),
    ];
    assert.deepEqual(
      parse(JSON.stringify({ providers: doctor })).map(({ name, variable, source, fault }) => [
        name,
        variable,
        source,
        fault,
      ]),
      [
        ["anthropic", "ANTHROPIC_API_KEY", undefined, undefined],
        ["huggingface", "HF_TOKEN", undefined, undefined],
        ["vertex", "VERTEX_API_KEY", undefined, "It wants a project."],
        ["groq", "GROQ_API_KEY", "GROQ_API_KEY", undefined],
      ],
    );
  });

  function ask(model: string): Promise<unknown> {
    const messages = [{ role: "user" as const, content: "Hello" }];
    return parts.daemon.stream("libria/chat", { model, messages }, { on: () => undefined });
  }
});

/** As the simulator tells of a key. */
function digest(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return files(path);
    }
    return entry.isFile() && statSync(path).size < 20e6 ? [path] : [];
  });
}

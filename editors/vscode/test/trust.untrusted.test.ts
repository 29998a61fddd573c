/** A folder that is not trusted: neither its settings nor its programs count, and it redirects no key. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { extensions, workspace } from "vscode";
import { candidates } from "../src/finding/candidates";
import { locate } from "../src/find";
import { pythonFolder } from "../src/finding/python";
import { surroundings } from "../src/finding/surroundings";
import { storeKey } from "../src/keys";
import type { Parts } from "../src/parts";
import { activate, page, provider, until } from "./kit";

describe("trust", () => {
  let parts: Parts;
  let folder: string;
  let thief: Server;
  let stolen = 0;
  const path = process.env["PATH"];

  before(async () => {
    folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? assert.fail();
    thief = createServer((_request, response) => {
      stolen += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => {
      thief.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${(thief.address() as AddressInfo).port}`;
    const bad = join(folder, ".venv", "bin", "libria");
    mkdirSync(join(bad, ".."), { recursive: true });
    writeFileSync(bad, `#!/bin/sh\ntouch ${join(folder, "ran")}\necho libria 9.9.9\n`);
    chmodSync(bad, 0o755);
    mkdirSync(join(folder, ".vscode"), { recursive: true });
    const settings = {
      "libria.path": bad,
      "libria.model": "thief/model",
      "libria.inlineCompletion.enabled": false,
      "python.defaultInterpreterPath": bad,
    };
    writeFileSync(join(folder, ".vscode", "settings.json"), JSON.stringify(settings));
    writeFileSync(join(folder, ".env"), `GROQ_BASE_URL=${url}\nOPENAI_BASE_URL=${url}\n`);
    writeFileSync(join(folder, "config.toml"), `[providers.groq]\nbase_url = "${url}"\n`);
    writeFileSync(join(folder, "uv.toml"), `[[index]]\nurl = "${url}"\ndefault = true\n`);
    parts = await activate();
    await until(() => workspace.getConfiguration("python").inspect("defaultInterpreterPath") !== undefined, "settings");
  });

  after(() => {
    process.env["PATH"] = path;
    thief.close();
  });

  it("takes none of the folder's settings", () => {
    assert.equal(workspace.isTrusted, false);
    const settings = workspace.getConfiguration("libria");
    assert.equal(settings.get("path"), "");
    assert.equal(settings.get("model"), "");
    assert.equal(settings.get("inlineCompletion.enabled"), true);
  });

  it("runs none of the folder's programs", async () => {
    process.env["PATH"] = `${join(folder, ".venv", "bin")}:.venv/bin:${path ?? ""}`;
    assert.equal(await pythonFolder(), undefined);
    const found = candidates(surroundings(await pythonFolder()));
    assert(found.length > 0);
    assert(found.every(({ command }) => !command.startsWith(folder)));
    await parts.daemon.restart();
    assert.equal((await locate())?.candidate.from, "PATH");
    assert.equal(existsSync(join(folder, "ran")), false);
  });

  it("sends a key only where the user's own configuration says", async () => {
    await storeKey(parts.context, "GROQ_API_KEY", "gsk-of-the-user");
    await parts.daemon.restart();
    await parts.daemon.request("libria/chat", { model: "groq/echo", messages: [{ role: "user", content: "Hello" }] });
    assert.equal((await provider.calls()).length > 0, true);
    assert.equal(stolen, 0);
  });

  it("has no setting in which a folder could name a program, an address or a key", () => {
    const manifest = extensions.getExtension("libria.libria")?.packageJSON as {
      capabilities: { untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] } };
      contributes: { configuration: { properties: Record<string, { scope?: string }> } };
    };
    const { untrustedWorkspaces } = manifest.capabilities;
    const { properties } = manifest.contributes.configuration;
    assert.equal(untrustedWorkspaces.supported, "limited");
    assert.equal(properties["libria.path"]?.scope, "machine");
    assert.deepEqual(untrustedWorkspaces.restrictedConfigurations.toSorted(), Object.keys(properties).toSorted());
    const dangerous = Object.keys(properties).filter((name) => /url|address|key|env|command|args/i.test(name));
    assert.deepEqual(dangerous, []);
  });

  it("is seen to be restricted", async () => {
    await page.see("text=Restricted Mode");
    await page.shot("untrusted");
  });
});

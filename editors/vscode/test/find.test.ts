/** Which libria is started: the user's own, and never one that somebody else put in the way. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { commands, ConfigurationTarget, type ProcessExecution, workspace } from "vscode";
import { locate } from "../src/find";
import { candidates, type Surroundings } from "../src/finding/candidates";
import { task, ways } from "../src/finding/install";
import { atLeast, versionOf } from "../src/finding/probe";
import type { Parts } from "../src/parts";
import { activate, page, until } from "./kit";

const AROUND: Surroundings = {
  setting: "",
  path: "/usr/bin:.:bin:/open/.venv/bin:/opt/bin",
  home: "/home/me",
  python: "/envs/one/bin",
  trusted: true,
  folders: ["/open"],
  windows: false,
  program: (path) => path,
};

function check(change: Partial<Surroundings>, expected: string[]): void {
  const found = candidates({ ...AROUND, ...change });
  assert.deepEqual(
    found.map(({ command, args }) => [command, ...args].join(" ")),
    expected,
  );
}

describe("find", () => {
  let parts: Parts;
  const place = mkdtempSync(join(tmpdir(), "libria-find-"));
  const path = process.env["PATH"];

  before(async () => {
    parts = await activate();
    await parts.daemon.ready();
  });

  after(async () => {
    process.env["PATH"] = path;
    rmSync(place, { recursive: true });
    await workspace.getConfiguration("libria").update("path", undefined, ConfigurationTarget.Global);
    await parts.daemon.restart();
  });

  it("tries what is likeliest first", () => {
    const only =
      (...there: string[]) =>
      (path: string) =>
        there.includes(path) ? path : undefined;
    check({ setting: "~/mine/libria" }, ["/home/me/mine/libria"]);
    check({ setting: "/mine/libria", program: only() }, ["/mine/libria"]);
    check({ program: only("/opt/bin/libria", "/envs/one/bin/libria", "/usr/bin/uvx") }, [
      "/opt/bin/libria",
      "/envs/one/bin/libria",
      "/usr/bin/uvx libria",
    ]);
    check({ program: only("/home/me/.local/bin/libria") }, ["/home/me/.local/bin/libria"]);
    check({ program: only("bin/libria", "libria", "./libria") }, []);
    check({ windows: true, path: "", python: undefined, program: only("/home/me/.cargo/bin/uvx.exe") }, [
      "/home/me/.cargo/bin/uvx.exe libria",
    ]);
  });

  it("tries nothing that lies in a folder which is not trusted", () => {
    const trusted = (path: string) => (path.startsWith("/open/") || path === "/envs/one/bin/libria" ? path : undefined);
    check({ program: trusted }, ["/open/.venv/bin/libria", "/envs/one/bin/libria", "/open/.venv/bin/uvx libria"]);
    check({ program: trusted, trusted: false }, []);
    const leading = (path: string) => (path === "/usr/bin/libria" ? "/open/hidden/libria" : undefined);
    check({ program: leading }, ["/usr/bin/libria"]);
    check({ program: leading, trusted: false }, []);
    check({ program: leading, trusted: false, folders: ["/opened"] }, ["/usr/bin/libria"]);
  });

  it("finds the one on PATH, and asks its version", async () => {
    const found = await locate();
    assert.equal(found?.candidate.from, "PATH");
    assert.match(found.version, /^\d+\.\d+\.\d+/);
  });

  it("starts it in the user's own folder, not in the workspace", async () => {
    const { clients } = await parts.daemon.request("libria/status", { parts: ["clients"] });
    const here = clients.filter(({ pid }) => pid !== undefined).map(({ pid }) => readlinkSync(`/proc/${pid}/cwd`));
    assert(here.length > 0);
    assert.deepEqual([...new Set(here)], [homedir()]);
  });

  it("finds the one of the workspace's environment, when the folder is trusted", async () => {
    const bin = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? "", ".venv", "bin");
    mkdirSync(bin, { recursive: true });
    program(join(bin, "libria"), "echo libria 9.9.9");
    process.env["PATH"] = "/usr/bin:/bin";
    try {
      const found = await locate();
      assert.deepEqual([found?.candidate.from, found?.version], ["python", "9.9.9"]);
    } finally {
      process.env["PATH"] = path;
      rmSync(join(bin, ".."), { recursive: true, force: true });
    }
  });

  it("says what is wrong with the setting, and recovers", async () => {
    const other = join(place, "other");
    program(other, "echo hello");
    const settings = workspace.getConfiguration("libria");
    await settings.update("path", other, ConfigurationTarget.Global);
    await assert.rejects(
      parts.daemon.restart(),
      /libria\.path names .*other, which is no libria: it is another program/,
    );
    await page.see(".statusbar-item[id='libria.libria.libria.status'].error-kind >> text=not running");
    await page.shot("status-not-running");
    await assert.rejects(
      versionOf({ command: join(place, "none"), args: [], from: "PATH" }),
      /there is no such program/,
    );
    await settings.update("path", undefined, ConfigurationTarget.Global);
    await parts.daemon.restart();
    assert.equal(parts.daemon.state, "running");
  });

  it("knows an older version", () => {
    const table: [string, string, boolean][] = [
      ["0.1.0", "0.1.0", true],
      ["0.1.1", "0.1.0", true],
      ["1.0.0", "0.9.9", true],
      ["0.0.9", "0.1.0", false],
      ["0.1.0.dev3", "0.1.0", true],
      ["0.10.0", "0.9.0", true],
    ];
    for (const [version, least, expected] of table) {
      assert.equal(atLeast(version, least), expected, `${version} ${least}`);
    }
  });

  it("offers the ways to install that there are, and runs them at home", () => {
    const found = ways((name) => (name === "pipx" || name === "pip" ? `/bin/${name}` : undefined));
    assert.deepEqual(
      found.map(({ title, command, args }) => [title, command, ...args].join(" ")),
      ["Install with pipx /bin/pipx install libria", "Install with pip /bin/pip install --user --upgrade libria"],
    );
    const [upgrade] = ways((name) => `/bin/${name}`, true);
    assert.deepEqual([upgrade?.title, upgrade?.args.join(" ")], ["Upgrade with uv", "tool upgrade libria"]);
    const execution = task(found[0] ?? assert.fail()).execution as ProcessExecution;
    assert.deepEqual([execution.process, execution.options?.cwd], ["/bin/pipx", homedir()]);
  });

  it("offers to install when there is none", async () => {
    process.env["PATH"] = place;
    program(join(place, "uv"), "exit 0");
    try {
      await assert.rejects(parts.daemon.restart(), /not installed/);
      await commands.executeCommand("notifications.showList"); // VS Code shows no toasts to tests
      await page.see(".notifications-center >> text=Libria’s program is not installed");
      await page.see(".notifications-center >> text=Install with uv");
      await page.shot("install-offer");
    } finally {
      process.env["PATH"] = path;
      await commands.executeCommand("notifications.clearAll");
      await parts.daemon.restart();
    }
    await until(() => parts.daemon.state === "running", "it runs again");
  });
});

function program(file: string, words: string): void {
  writeFileSync(file, `#!/bin/sh\n${words}\n`);
  chmodSync(file, 0o755);
}

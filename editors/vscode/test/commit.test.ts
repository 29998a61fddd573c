/** The message for what is staged, in the box of the source control view. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { commands, extensions, Uri } from "vscode";
import { activate, page, provider, until } from "./kit";

interface Repository {
  readonly rootUri: Uri;
  readonly inputBox: { value: string };
  status(): Promise<void>;
}

interface Git {
  getAPI(version: 1): { openRepository(root: Uri): Promise<Repository | null> };
}

describe("commit message", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "libria-commit-"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "pipe" });
  let repository: Repository;

  before(async () => {
    const { daemon } = await activate();
    await daemon.ready();
    git("init", "--quiet");
    git("config", "user.name", "Test");
    git("config", "user.email", "test@example.org");
    writeFileSync(path.join(folder, "a.txt"), "one\n");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    const api = (await extensions.getExtension<Git>("vscode.git")?.activate())?.getAPI(1);
    repository = (await api?.openRepository(Uri.file(folder))) ?? assert.fail("no repository");
    await commands.executeCommand("workbench.view.scm");
  });

  beforeEach(async () => {
    await provider.clear();
    repository.inputBox.value = "";
    await commands.executeCommand("setContext", "libria.test", true); // there and back: no older value comes any more
  });

  after(async () => {
    await commands.executeCommand("workbench.view.explorer");
    await commands.executeCommand("git.close", repository);
    rmSync(folder, { recursive: true, force: true });
  });

  it("says so where nothing is changed", async () => {
    await write();
    await commands.executeCommand("notifications.showList");
    await page.see("text=There is no change to describe");
    await commands.executeCommand("notifications.clearAll");
    assert.deepEqual(await provider.calls(), []);
  });

  it("is written from the staged diff as it comes, with what the author noted", async () => {
    writeFileSync(path.join(folder, "a.txt"), "two\n");
    git("add", "a.txt");
    writeFileSync(path.join(folder, "a.txt"), "three\n");
    await repository.status();
    repository.inputBox.value = "closes 7";
    await provider.script(["story+count:60+rate:60"]);
    const written = write();
    await until(() => repository.inputBox.value.startsWith("Why we share"), "the beginning of the message");
    await page.shot("commit-streams");
    await written;
    const { body } = await provider.waitFor({ state: "done" });
    const asked = JSON.stringify(body["messages"]);
    assert.match(asked, /-one\\n\+two.*The author noted: closes 7/);
    assert(!asked.includes("three"));
    assert(repository.inputBox.value.length > 100);
    await page.shot("commit-written");
  });

  it("is written from all changes where nothing is staged", async () => {
    git("reset", "--quiet");
    await repository.status();
    await provider.script(["story+rate:0"]);
    await write();
    const { body } = await provider.waitFor({ state: "done" });
    assert.match(JSON.stringify(body["messages"]), /-one\\n\+three/);
  });

  it("is given up when cancelled; what stood there comes back", async () => {
    repository.inputBox.value = "mine";
    await provider.script(["story+count:100000"]);
    const written = write();
    await until(() => repository.inputBox.value.startsWith("Why"), "the beginning of the message");
    await commands.executeCommand("libria.cancel");
    await provider.waitFor({ state: "hung up" });
    await written;
    await until(() => repository.inputBox.value === "mine", "what stood there"); // VS Code tells it late
  });

  it("is left to the user who types into the box", async () => {
    await provider.script(["story+count:100000"]);
    const written = write();
    await until(() => repository.inputBox.value.startsWith("Why"), "the beginning of the message");
    await page.click(".scm-editor");
    await until(async () => {
      await page.type("z");
      return (await provider.calls())[0]?.state === "hung up";
    }, "the hang-up");
    await written;
    await page.type("z"); // what was typed in the moment of a write may be lost, nothing after it
    await until(() => repository.inputBox.value.includes("z"), "what the user typed");
    assert(repository.inputBox.value.startsWith("Why"));
  });

  /** As from the view's title. */
  async function write(): Promise<void> {
    await commands.executeCommand("libria.commitMessage", { rootUri: repository.rootUri });
  }
});

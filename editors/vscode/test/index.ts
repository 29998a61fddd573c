/** Runs the suites that LIBRIA_TEST_SUITES names inside the extension host, and writes what each test came to. */
import { appendFileSync } from "node:fs";
import path from "node:path";
import Mocha from "mocha";
import { commands } from "vscode";
import { closeAll } from "./editors";

const FILE = process.env["LIBRIA_TEST_RESULTS"] ?? "results.jsonl";

/** Rejects when a test failed: VS Code makes that the exit code. */
export async function run(): Promise<void> {
  let failures = 0;
  for (const suite of (process.env["LIBRIA_TEST_SUITES"] ?? "").split(",")) {
    await tidy();
    failures += await runSuite(suite);
  }
  if (failures > 0) {
    throw new Error(`${failures} tests failed`);
  }
}

/** What one suite left on the screen is not in the way of the next. */
async function tidy(): Promise<void> {
  await commands.executeCommand("workbench.action.chat.cancel").then(undefined, () => undefined);
  await closeAll();
  for (const what of ["closeAuxiliaryBar", "closePanel", "closeQuickOpen"]) {
    await commands.executeCommand(`workbench.action.${what}`);
  }
  await commands.executeCommand("notifications.clearAll");
}

function runSuite(suite: string): Promise<number> {
  const mocha = new Mocha({ ui: "bdd", timeout: 120_000, reporter: "min" });
  mocha.addFile(path.join(__dirname, `${suite}.test.js`));
  const tell = (title: string, error: string | null) => {
    appendFileSync(FILE, JSON.stringify({ suite, title, error }) + "\n");
    console.log(`${error === null ? "ok" : "FAILED"} ${suite}: ${title}${error === null ? "" : `\n${error}`}`);
  };
  return new Promise((resolve) => {
    mocha
      .run((failures) => {
        tell("(all)", null);
        resolve(failures);
      })
      .on("pass", (test) => {
        tell(test.fullTitle(), null);
      })
      .on("fail", (test, error: Error) => {
        tell(test.fullTitle(), error.stack ?? error.message);
      });
  });
}

// node host.mjs JOB.json: runs Mocha suites inside the extension host of a real VS Code, in a browser that they can drive.
// The job is described in vscode_kit.py. Its last line of output is {"exit": CODE}.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { format } from "node:util";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const { chromium } = createRequire(path.join(job.packages, "x.js"))("playwright-core");
const data = path.join(job.place, "server");
const NOISE = /ChatModelSelection|AgentHost|socket|reconnection|connection token|open-vsx|AccountPolicy|Service Worker|builtin extensions|copilot|spdlog|watchdog|No provider registered|'github'|MaxListeners/;

// What the suites ask of the browser: POST {method: "keyboard.press", args: […]} is `page.keyboard.press(…)`.
let page;
const remote = http.createServer(async (request, response) => {
  const answer = (status, value) => response.writeHead(status).end(JSON.stringify(value ?? null));
  try {
    let body = "";
    for await (const piece of request) body += piece;
    const { method, args } = JSON.parse(body);
    if (method === "shot") {
      const file = path.join(job.shots, `${args[0]}.png`);
      await page.screenshot({ path: file });
      answer(200, file);
      return;
    }
    if (method === "inFrames") {
      answer(200, await inFrames(args[0]));
      return;
    }
    const names = method.split(".");
    const last = names.pop();
    const owner = names.reduce((object, name) => object[name], page);
    const result = await owner[last](...args);
    answer(200, result !== null && typeof result === "object" && !Array.isArray(result) ? null : result);
  } catch (error) {
    answer(500, String(error.message ?? error));
  }
});

// What the expression gives in the first of the page's frames where it gives anything: webviews are frames in frames.
async function inFrames(expression) {
  for (const frame of page.frames()) {
    const found = await frame.evaluate(expression).catch(() => null);
    if (found !== null && found !== undefined) return found;
  }
  return null;
}

await new Promise((resolve) => remote.listen(0, "127.0.0.1", resolve));

fs.mkdirSync(path.join(data, "data/User"), { recursive: true });
fs.mkdirSync(path.join(data, "data/Machine"), { recursive: true });
fs.mkdirSync(path.join(data, "extensions"), { recursive: true });
fs.writeFileSync(path.join(data, "data/User/settings.json"), JSON.stringify(job.settings));
fs.writeFileSync(path.join(data, "data/Machine/settings.json"), JSON.stringify(job.machineSettings));
const common = [
  path.join(job.vscode, "out/server-main.js"), "--accept-server-license-terms", "--disable-telemetry",
  "--server-data-dir", data, "--user-data-dir", path.join(data, "data"), "--extensions-dir", path.join(data, "extensions"),
];
const env = { ...job.env, LIBRIA_TEST_PAGE: `http://127.0.0.1:${remote.address().port}`, NODE_OPTIONS: "" };
if (job.vsix) {
  const installed = spawnSync(process.execPath, [...common, "--install-extension", job.vsix], { env, encoding: "utf8" });
  console.log(installed.stdout, installed.stderr);
}
const server = spawn(
  process.execPath,
  [
    ...common, "--host", "127.0.0.1", "--port", "0", "--without-connection-token",
    "--force-disable-user-env", // a login shell would put another PATH in the place of ours
    "--reconnection-grace-time", "2", "--enable-smoke-test-driver", ...(job.trust ? [] : ["--disable-workspace-trust"]),
  ],
  { env, stdio: ["ignore", "pipe", "pipe"], detached: true },
);
const log = fs.createWriteStream(path.join(job.place, "server.log"));
const port = await new Promise((resolve, reject) => {
  let said = "";
  server.stdout.on("data", (piece) => {
    said += piece;
    const found = /listening on (\d+)/.exec(said);
    if (found) resolve(found[1]);
  });
  server.on("exit", (code) => reject(new Error(`VS Code's server ended (${code}): ${said}`)));
});
server.stdout.pipe(log, { end: false });
server.stderr.pipe(log, { end: false });

const authority = `127.0.0.1:${port}`;
const remoteUri = (place) => `vscode-remote://${authority}${place}`;
const payload = [
  ["extensionDevelopmentPath", remoteUri(job.extension)],
  ["extensionTestsPath", remoteUri(job.tests)],
  ["skipWelcome", "true"],
  ["skipReleaseNotes", "true"],
];
const browser = await chromium.launch({
  executablePath: job.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
page.setDefaultTimeout(60_000);
const done = new Promise((resolve) => {
  page.exposeFunction("codeAutomationExit", resolve);
  setTimeout(() => resolve("timeout"), job.seconds * 1000).unref();
});
await page.exposeFunction("codeAutomationLog", (kind, args) => {
  const text = format(...args);
  if (!NOISE.test(text)) console.log(kind === "log" || kind === "info" ? text : `[${kind}] ${text.slice(0, 400)}`);
});
const query = new URLSearchParams({ folder: job.workspace, payload: JSON.stringify(payload) });
await page.goto(`http://${authority}/?${query}`);
const code = await done;
if (code !== 0) await page.screenshot({ path: path.join(job.shots, `${job.name}-at-the-end.png`) }).catch(() => {});
await browser.close();
server.removeAllListeners("exit");
process.kill(-server.pid); // the extension host with it, which would wait for the browser to come back
await new Promise((resolve) => server.once("exit", resolve));
console.log(JSON.stringify({ exit: code }));
process.exit(code === 0 ? 0 : 1);

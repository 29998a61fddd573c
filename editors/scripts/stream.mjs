// Stream an answer from Libria's daemon: node stream.mjs MODEL PROMPT, no packages.
import { execFileSync } from "node:child_process";
import { createConnection } from "node:net";

const [model, prompt] = process.argv.slice(2);
if (!prompt) {
  console.error("usage: node stream.mjs MODEL PROMPT");
  process.exit(2);
}
const path = execFileSync("libria", ["socket"], { encoding: "utf8" }).trim(); // starts the daemon if it must
const connection = createConnection(path);

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  connection.write(`Content-Length: ${body.length}\r\n\r\n`);
  connection.write(body);
}

function receive(message) {
  const value = message.params?.value;
  if (value?.kind === "delta") process.stdout.write(value.text);
  else if (value?.kind === "reset") process.stdout.write(`\n[starts again: ${value.reason}]\n`);
  else if (message.id === 2) {
    process.stdout.write("\n");
    if (message.error) console.error(message.error.message);
    process.exitCode = message.error ? 1 : 0;
    connection.end();
  }
}

// This script's own keys and addresses count; without this, those of the daemon's environment.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /_(API_KEY|BASE_URL)$/.test(name)));
const initializationOptions = { libria: { env } };
send({ id: 1, method: "initialize", params: { processId: null, rootUri: null, capabilities: {}, initializationOptions } });
const messages = [{ role: "user", content: prompt }];
send({ id: 2, method: "libria/chat", params: { model, messages, partialResultToken: "answer" } });

let buffer = Buffer.alloc(0);
connection.on("data", (piece) => {
  buffer = Buffer.concat([buffer, piece]);
  for (let end; (end = buffer.indexOf("\r\n\r\n")) >= 0; ) {
    const length = Number(/content-length: *(\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
    if (buffer.length < end + 4 + length) break;
    receive(JSON.parse(buffer.subarray(end + 4, end + 4 + length).toString()));
    buffer = buffer.subarray(end + 4 + length);
  }
});
connection.on("error", (error) => {
  console.error(`The daemon cannot be reached: ${error.message}`);
  process.exitCode = 1;
});

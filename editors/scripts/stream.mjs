// Stream an answer from Libria's daemon: node stream.mjs MODEL PROMPT, no packages.
import { Libria } from "./libria.mjs";

const [model, prompt] = process.argv.slice(2);
if (!prompt) {
  console.error("usage: node stream.mjs MODEL PROMPT");
  process.exit(2);
}
const libria = await Libria.connect("stream.mjs");
try {
  for await (const event of libria.stream(prompt, { model })) {
    if (event.kind === "delta") process.stdout.write(event.text);
    else if (event.kind === "reset") process.stdout.write(`\n[starts again: ${event.reason}]\n`);
  }
  process.stdout.write("\n");
} catch (error) {
  console.error(`\n${error.message}`); // one sentence that says what to do
  process.exitCode = 1;
}
libria.close();

// What a test asks of libria.mjs: each line it prints is one JSON value.
import { Libria, LibriaError } from "../../editors/scripts/libria.mjs";

const say = (value) => console.log(JSON.stringify(value));
const libria = await Libria.connect("the test");
const whole = await libria.chat("Hello", { model: "openai/fast:3" });
say({ content: whole.content, message: whole.message });

const stream = libria.stream("Hello", { model: "openai/fast:20+cut:0.5+once", fallbacks: ["groq/fast:20"] });
const kinds = new Set();
for await (const event of stream) kinds.add(event.kind);
say({ kinds: [...kinds].sort(), same: stream.text === (await stream.result).content });

const many = await Promise.all(Array.from({ length: 20 }, (_, n) => libria.chat(`Hi ${n}`, { model: "openai/echo" })));
say({ many: many.map((one) => one.content) });
const { embeddings } = await libria.embed(["a", "b"], "openai/story", { dimensions: 3 });
say({ vectors: embeddings.map((one) => one.length) });

for await (const event of libria.stream("Hello", { model: "openai/fast:10+stall:0.5" })) {
  if (event.kind === "delta") break; // hangs up
}
const stop = new AbortController();
const left = libria.chat("Hello", { model: "openai/fast:11+stall:0.5", signal: stop.signal });
setTimeout(() => stop.abort(), 50);
say({ cancelled: await left.catch((error) => error instanceof LibriaError && error.kind) });
say({ missing: await libria.chat("Hello", { model: "mistral/story" }).catch((error) => [error.kind, error.message]) });
say({ wrong: await libria.chat([{ role: "nobody", content: "" }]).catch((error) => error.kind) });
libria.close();

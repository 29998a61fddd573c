// Libria's daemon from Node, no packages: copy this file beside yours.
import { execFile } from "node:child_process";
import { createConnection } from "node:net";
import { promisify } from "node:util";

/**
 * @typedef {{role: "system" | "user" | "assistant" | "tool", content: string | object[]}} Message
 * @typedef {{model?: string, system?: string, maxTokens?: number, temperature?: number, fallbacks?: string[],
 *   tools?: object[], responseFormat?: object, cache?: object, timeouts?: object, signal?: AbortSignal,
 *   [more: string]: unknown}} Options what libria/chat takes, and a signal that cancels
 * @typedef {{callId: string, model: string, content: string, toolCalls: object[], stopReason: string, message: Message,
 *   usage: {inputTokens: number, outputTokens: number}, [more: string]: unknown}} ChatResult
 * @typedef {{kind: "start", callId: string} | {kind: "delta", text: string} | {kind: "reasoning", text: string}
 *   | {kind: "toolCall", index: number, id?: string, name?: string, arguments: string}
 *   | {kind: "status", state: string, target?: string, reason?: string}
 *   | {kind: "reset", reason: string, target: string}} Event after a reset the answer starts again
 */

/** A call that failed: `kind` says how, the message what to do. */
export class LibriaError extends Error {
  /** @param {{code: number, message: string, data?: any}} error */
  constructor({ code, message, data }) {
    super(message);
    this.name = "LibriaError";
    this.code = code;
    this.kind = code === -32800 ? "cancelled" : (data?.kind ?? "badRequest");
    this.retryable = data?.retryable ?? false;
    this.partialText = data?.partialText ?? "";
    this.data = data;
  }
}

const GONE = {
  code: 0,
  message: "The daemon ended before it answered; try again.",
  data: { kind: "disconnected", retryable: true },
};

/** One connection, for any number of calls at once. */
export class Libria {
  #socket;
  #pieces = []; // of messages that are not whole yet
  #have = 0;
  #need = 0; // bytes, before it is worth a look
  #next = 1;
  #calls = new Map();

  /** Join the user's daemon, which is started where none runs. @param {string} name for people, in `libria status` */
  static async connect(name = "node") {
    const { stdout } = await promisify(execFile)("libria", ["socket"]);
    const socket = createConnection(stdout.trim());
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const client = new Libria(socket);
    // This script's own keys and addresses count; without this, those of the daemon's environment.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /_(API_KEY|BASE_URL)$/.test(name)));
    const hello = { processId: null, rootUri: null, capabilities: {}, clientInfo: { name } };
    await client.request("initialize", { ...hello, initializationOptions: { libria: { env } } });
    return client;
  }

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (piece) => this.#receive(piece));
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      for (const call of this.#calls.values()) call.reject(new LibriaError(GONE));
      this.#calls.clear();
    });
  }

  /** @param {string | Message[]} messages @param {Options} options @returns {Promise<ChatResult>} */
  chat(messages, { signal, ...options } = {}) {
    return this.request("libria/chat", { ...options, messages: asMessages(messages) }, { signal });
  }

  /** The events of an answer: `for await (const event of stream)`, then `await stream.result`. Leaving the loop hangs up
   * at the provider. @param {string | Message[]} messages @param {Options} options */
  stream(messages, { signal, ...options } = {}) {
    return new Stream(this, { ...options, messages: asMessages(messages) }, signal);
  }

  /** @param {string[]} input @param {string} model @param {object} options
   * @returns {Promise<{model: string, embeddings: number[][], usage: object}>} */
  embed(input, model, options = {}) {
    return this.request("libria/embed", { ...options, model, input });
  }

  /** Any method of the protocol. @param {string} method @param {object} params
   * @param {{signal?: AbortSignal, onProgress?: (value: any) => void}} options @returns {Promise<any>} */
  request(method, params, { signal, onProgress } = {}) {
    const id = this.#next++;
    if (onProgress) params = { ...params, partialResultToken: `node-${id}` };
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new LibriaError(GONE);
      const cancel = () => this.#send({ method: "$/cancelRequest", params: { id } });
      const done = (settle) => (value) => (signal?.removeEventListener("abort", cancel), settle(value));
      this.#calls.set(id, { resolve: done(resolve), reject: done(reject), onProgress });
      this.#send({ id, method, params });
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** What is under way is cancelled. */
  close() {
    this.#socket.end();
  }

  #send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.#socket.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
  }

  #receive(piece) {
    this.#pieces.push(piece);
    this.#have += piece.length;
    if (this.#have < this.#need) return;
    let buffer = Buffer.concat(this.#pieces);
    this.#need = 0;
    for (let end; (end = buffer.indexOf("\r\n\r\n")) >= 0; ) {
      const stop = end + 4 + Number(/content-length: *(\d+)/i.exec(buffer.toString("latin1", 0, end))[1]);
      if (buffer.length < stop) {
        this.#need = stop;
        break;
      }
      this.#take(JSON.parse(buffer.toString("utf8", end + 4, stop)));
      buffer = buffer.subarray(stop);
    }
    this.#pieces = [buffer];
    this.#have = buffer.length;
  }

  #take(message) {
    if (message.method === "$/progress") {
      const id = Number(/^node-(\d+)$/.exec(message.params.token)?.[1]);
      this.#calls.get(id)?.onProgress?.(message.params.value);
    } else if (message.id != null && !message.method) {
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      if (message.error) call?.reject(new LibriaError(message.error));
      else call?.resolve(message.result);
    }
  }
}

/** An answer as it comes. `text` is what there is of it. */
class Stream {
  text = "";
  #events = [];
  #wake = () => {};
  #ended = false;
  #left = new AbortController();

  constructor(client, params, signal) {
    const onProgress = (value) => {
      if (value.kind === "delta") this.text += value.text;
      else if (value.kind === "reset") this.text = "";
      this.#events.push(value);
      this.#wake();
    };
    const either = signal ? AbortSignal.any([signal, this.#left.signal]) : this.#left.signal;
    /** @type {Promise<ChatResult>} */
    this.result = client.request("libria/chat", params, { signal: either, onProgress });
    const end = () => ((this.#ended = true), this.#wake());
    this.result.then(end, end); // whoever waits for `result` hears of a failure, and whoever iterates
  }

  /** Hang up. */
  cancel() {
    this.#left.abort();
  }

  /** @returns {AsyncGenerator<Event, void>} */
  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        if (this.#events.length) yield this.#events.shift();
        else if (this.#ended) break;
        else await new Promise((resolve) => (this.#wake = resolve));
      }
      await this.result; // throws what went wrong
    } finally {
      if (!this.#ended) this.cancel();
    }
  }
}

const asMessages = (messages) => (typeof messages === "string" ? [{ role: "user", content: messages }] : messages);

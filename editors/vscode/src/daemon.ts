/** The daemon, through one `libria stdio` for the whole window. */
import {
  CancellationError,
  type CancellationToken,
  type Disposable,
  type Event,
  EventEmitter,
  type ExtensionContext,
  type LogOutputChannel,
} from "vscode";
import {
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  ProgressType,
  RevealOutputChannelOn,
  type ServerOptions,
  State,
} from "vscode-languageclient/node";
import { NotRunning } from "./errors";
import { findLibria } from "./find";
import { keyEnvironment } from "./keys";
import type { ChatResult, EditArguments, EditResult, ExplainResult, Methods, Progress } from "./protocol";

export type DaemonState = "stopped" | "starting" | "running" | "failed";

/** The methods whose answer can stream. */
export type Streaming = {
  [M in keyof Methods]: "partialResultToken" extends keyof Methods[M]["params"] ? M : never;
}[keyof Methods];

export type CallMethod = Streaming | "workspace/executeCommand";

/** `id` tells the calls of this window apart; `at` is a time as `Date.now` gives it. An end with `error` failed or was cancelled; one without `result` is of a command, which tells no figures. */
export type CallEvent =
  | { kind: "start"; id: string; method: CallMethod; model: string | undefined; at: number }
  | { kind: "progress"; id: string; value: Progress }
  | { kind: "end"; id: string; at: number; result?: ChatResult; error?: unknown };

export interface StreamOptions {
  /** Called for each piece, in order; after a `reset` the answer starts again. */
  readonly on: (value: Progress) => void;
  readonly token?: CancellationToken | undefined;
}

const PROGRESS = new ProgressType<Progress>();

export class Daemon implements Disposable {
  /** Parts fill this in while they are registered, that is before the client starts. */
  readonly middleware: Middleware = {};
  state: DaemonState = "stopped";
  /** Why it failed, as a sentence. */
  problem: string | undefined;

  private readonly stateEmitter = new EventEmitter<DaemonState>();
  private readonly callEmitter = new EventEmitter<CallEvent>();
  private current: LanguageClient | undefined;
  private starting: Promise<void> | undefined;
  /** What gives up the requests that a lost connection will not answer. */
  private readonly pending = new Set<(error: Error) => void>();
  private counter = 0;

  readonly onState: Event<DaemonState> = this.stateEmitter.event;
  readonly calls: Event<CallEvent> = this.callEmitter.event;

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
  ) {}

  /** The language client while it runs, for what LSP itself has. */
  get client(): LanguageClient | undefined {
    return this.state === "running" ? this.current : undefined;
  }

  /** Starts it where it does not run; rejects with a sentence where it cannot. */
  start(): Promise<void> {
    this.starting ??= this.launch().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  /** With keys and settings as they are now. */
  async restart(): Promise<void> {
    await this.starting?.catch(() => undefined); // a client that is coming up cannot be stopped: it would register all twice
    await this.stop();
    await this.start();
  }

  ready(): Promise<void> {
    return this.start();
  }

  async request<M extends keyof Methods>(
    method: M,
    params: Methods[M]["params"],
    token?: CancellationToken,
  ): Promise<Methods[M]["result"]> {
    return this.send<Methods[M]["result"]>(method, params, token);
  }

  /** Any request of LSP. Cancelling rejects with a CancellationError at once and tells the daemon. */
  async send<R>(method: string, params: object, token?: CancellationToken): Promise<R> {
    await this.racing(this.start(), token);
    const client = this.current;
    if (client === undefined) {
      throw new NotRunning("Libria was stopped; try again.");
    }
    // A token that is undefined would count as a second parameter.
    const answer = token === undefined ? client.sendRequest<R>(method, params) : client.sendRequest<R>(method, params, token);
    return this.racing(answer, token);
  }

  stream<M extends Streaming>(
    method: M,
    params: Methods[M]["params"],
    options: StreamOptions,
  ): Promise<Methods[M]["result"]> {
    return this.follow(method, params, "model" in params ? params.model : undefined, options);
  }

  /** One of the commands that the daemon offers editors, its answer as it comes; where `apply` is false the result is all. */
  command(command: string, argument: EditArguments, options: StreamOptions): Promise<EditResult | ExplainResult> {
    return this.follow("workspace/executeCommand", { command, arguments: [argument] }, argument.model, options);
  }

  private async follow<R>(
    method: CallMethod,
    params: object,
    model: string | undefined,
    { on, token }: StreamOptions,
  ): Promise<R> {
    const id = `libria-${++this.counter}`;
    this.callEmitter.fire({ kind: "start", id, method, model, at: Date.now() });
    let open = true;
    let listener: Disposable | undefined;
    try {
      await this.racing(this.start(), token);
      listener = this.current?.onProgress(PROGRESS, id, (value) => {
        if (open) {
          this.callEmitter.fire({ kind: "progress", id, value });
          on(value);
        }
      });
      const asked = { ...params, partialResultToken: id };
      const result = await this.send<R>(method, asked, token);
      this.callEmitter.fire({ kind: "end", id, at: Date.now(), ...(isChat(result) && { result }) });
      return result;
    } catch (error) {
      this.callEmitter.fire({ kind: "end", id, at: Date.now(), error });
      throw error;
    } finally {
      open = false;
      listener?.dispose();
    }
  }

  dispose(): void {
    void this.stop();
    this.stateEmitter.dispose();
    this.callEmitter.dispose();
  }

  private async launch(): Promise<void> {
    this.become("starting");
    try {
      const launch = await findLibria(this.context);
      if (launch === undefined) {
        throw new NotRunning("Libria is not installed; run “Libria: Install”, or set libria.path to the executable.");
      }
      const env = { ...process.env, ...(await keyEnvironment(this.context)) };
      const server: ServerOptions = { command: launch.command, args: [...launch.args], options: { env, cwd: launch.cwd } };
      const client = new LanguageClient("libria", "Libria", server, this.options());
      this.current = client;
      client.onDidChangeState(({ newState }) => {
        this.changed(client, newState);
      });
      await client.start();
      this.become("running");
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.become("failed");
      throw error instanceof NotRunning ? error : new NotRunning(`Libria could not be started: ${this.problem}`);
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      middleware: this.middleware,
    };
  }

  private changed(client: LanguageClient, state: State): void {
    if (client !== this.current || this.state === "stopped") {
      return;
    }
    if (state === State.Running) {
      this.problem = undefined;
      this.become("running");
    } else if (this.state === "running") {
      this.abandon(new NotRunning("The connection to Libria was lost; ask again."));
      this.become("starting"); // the client starts it again by itself
    }
  }

  private async stop(): Promise<void> {
    const client = this.current;
    this.current = undefined;
    this.starting = undefined;
    this.become("stopped");
    this.abandon(new NotRunning("Libria was stopped; ask again."));
    await client?.dispose().catch(() => undefined); // one that never came up cannot be stopped either
  }

  private abandon(error: Error): void {
    for (const give of [...this.pending]) {
      give(error);
    }
  }

  private become(state: DaemonState): void {
    if (state !== this.state) {
      this.state = state;
      this.stateEmitter.fire(state);
    }
  }

  /** Whichever is first: the answer, the cancel, the loss of the connection. */
  private racing<T>(answer: Promise<T>, token: CancellationToken | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        this.pending.delete(give);
        listener?.dispose();
      };
      const give = (error: Error) => {
        settle();
        reject(error);
      };
      const listener = token?.onCancellationRequested(() => {
        give(new CancellationError());
      });
      this.pending.add(give);
      answer.then(
        (value) => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          give(error as Error);
        },
      );
      if (token?.isCancellationRequested === true) {
        give(new CancellationError());
      }
    });
  }
}

function isChat(result: unknown): result is ChatResult {
  return typeof result === "object" && result !== null && "callId" in result;
}

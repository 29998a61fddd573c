/* eslint-disable */
// Written by `python -m libria.rpc.docs` from the daemon's method table; a test fails when it is stale.
import type { Diagnostic, Range } from "vscode-languageclient";

export interface Methods {
  /** Ask a model. With `partialResultToken` the answer streams as `$/progress` before the result. */
  "libria/chat": { params: ChatParams; result: ChatResult };
  /** Fill in the middle: the code between `prefix` and `suffix`, streamed like `libria/chat`. */
  "libria/complete": { params: CompleteParams; result: ChatResult };
  /** A vector for each text; any number of them, in as many requests as the provider takes at once. */
  "libria/embed": { params: EmbedParams; result: EmbedResult };
  /** How many tokens a chat would be: by the provider where it counts, else estimated. */
  "libria/countTokens": { params: CountTokensParams; result: CountTokensResult };
  /** What a call said after `afterSeq`, its progress to come, and its result; under way or ended lately. */
  "libria/resume": { params: ResumeParams; result: ChatResult };
  /** What can be asked: the models of every provider that can be reached, and why others cannot. */
  "libria/models": { params: ModelsParams; result: ModelsResult };
  /** End a call under way, also another client's, by the `callId` that `libria/status` tells. */
  "libria/cancel": { params: CancelCallParams; result: CancelCallResult };
  /** Have a task done and its result checked. Acknowledged at once; it ends in one `libria/taskMessage`. */
  "libria/task": { params: TaskParams; result: Acknowledgment };
  /** The tasks under way, and those that ended within a day. */
  "libria/task/list": { params: TaskListParams; result: TaskListResult };
  /** End a task; its last message is an escalation of the type `cancelled`. */
  "libria/task/cancel": { params: TaskCancelParams; result: TaskCancelResult };
  /** How the daemon is doing. */
  "libria/status": { params: StatusParams; result: StatusResult };
  /** What calls cost, out of the ledger: sums by tool, model, provider or day. */
  "libria/usage": { params: UsageParams; result: UsageReport };
  /** What is kept of answers, by tier and by model, and what it was good for. */
  "libria/cacheStats": { params: CacheStatsParams; result: CacheStatsResult };
  /** Take answers out of the cache: all, one model's, or what was stored so long ago. */
  "libria/cacheClear": { params: CacheClearParams; result: CacheClearResult };
  /** Finish the calls in flight, then end the daemon. */
  "libria/stop": { params: StopParams; result: null };
}

export type Progress =
  | {kind: "start", callId: string, seq: number}
  | {kind: "delta", text: string, seq: number}
  | {kind: "reasoning", text: string, seq: number}
  | {kind: "toolCall", index: number, id?: string, name?: string, arguments: string, seq: number}
  | {kind: "status", state: "queued" | "waiting" | "connecting" | "retrying" | "fallback",
     reason?: string, position?: number, etaMs?: number, target?: string, attempt?: number, seq: number}
  | {kind: "reset", reason: string, target: string, seq: number};

export interface EditArguments {  // the one argument of these commands
  uri: string; range: Range;
  version?: number;  // refused when the document is of another by now
  instruction?: string; diagnostics?: Diagnostic[]; model?: string;
  apply?: boolean;   // false: the result is all, and the client shows its own diff
}
export interface EditResult {newText: string; range: Range | null; applied: boolean; version: number | null; model: string}
export interface ExplainResult {text: string; model: string}

export interface ErrorData {
  kind: "invalidParams" | "credentialMissing" | "credentialRejected" | "permissionDenied" | "modelNotFound"
      | "badRequest" | "contextTooLong" | "contentFiltered" | "rateLimited" | "quotaExhausted" | "overloaded"
      | "timedOut" | "disconnected" | "interrupted" | "invalidResponse" | "cacheMiss";
  message: string;  // one sentence that says what to do
  provider?: string; model?: string; status?: number; retryable: boolean; retryAfterMs?: number;
  requestId?: string; partialText?: string; attempts: AttemptResult[];
}

/** The next turn of a conversation. */
export interface ChatParams {
  cache?: CacheParam;
  timeouts?: TimeoutsParam;
  priority?: "interactive" | "batch";
  onDisconnect?: "cancel" | "finish";
  providerOptions?: Record<string, unknown>;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
  model?: string;
  fallbacks?: string[];
  system?: string;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  stop?: string | string[];
  seed?: number;
  reasoning?: ReasoningParam;
  messages: MessageParam[];
  tools?: ToolParam[];
  toolChoice?: "auto" | "none" | "required" | NamedTool;
  responseFormat?: ResponseFormatParam;
}

export interface CacheParam {
  mode?: "auto" | "use" | "refresh" | "off" | "only";
  /** seconds */
  maxAge?: number;
}

/** `data` is base64. */
export interface FilePart {
  type: "file";
  data: string;
  mediaType: string;
  name?: string;
}

/** Either `url`, which is passed to the provider and never fetched by the daemon, or base64 `data` with its `mediaType`. */
export interface ImagePart {
  type: "image";
  url?: string;
  data?: string;
  mediaType?: string;
}

/** `opaque` is what a result's `message` carried; append that message as it is. */
export interface MessageParam {
  role: "system" | "user" | "assistant" | "tool";
  content?: string | (TextPart | ImagePart | FilePart)[];
  toolCalls?: ToolCallParam[];
  toolCallId?: string;
  opaque?: Record<string, unknown>;
}

export interface NamedTool {
  name: string;
}

export interface ReasoningParam {
  effort?: "minimal" | "low" | "medium" | "high";
  maxTokens?: number;
}

export interface ResponseFormatParam {
  type: "text" | "json" | "jsonSchema";
  name?: string;
  schema?: Record<string, unknown>;
  strict?: boolean;
}

export interface TextPart {
  type: "text";
  text: string;
}

/** Seconds. */
export interface TimeoutsParam {
  connect?: number;
  firstToken?: number;
  idle?: number;
  total?: number;
}

export interface ToolCallParam {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

/** `parameters` is a JSON Schema. */
export interface ToolParam {
  name: string;
  description?: string;
  parameters?: Record<string, unknown>;
}

export interface ChatResult {
  callId: string;
  model: string;
  servedModel: string;
  content: string;
  toolCalls: ToolCallResult[];
  stopReason: "contentFilter" | "length" | "stop" | "toolUse";
  message: MessageResult;
  usage: UsageResult;
  cache: CacheResult;
  timings: Timings;
  attempts: AttemptResult[];
  reasoning?: string;
  cost?: CostResult;
}

export interface ToolCallResult {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

/** The assistant's message; append it to `messages` as it is. */
export interface MessageResult {
  role: "assistant";
  content: string;
  toolCalls?: ToolCallResult[];
  opaque?: unknown;
}

/** Tokens; the cached ones are within the input, those of reasoning within the output. */
export interface UsageResult {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens?: number;
  reasoningTokens?: number;
  cacheWriteInputTokens?: number;
}

export interface CacheResult {
  hit: boolean;
  ageSeconds?: number;
}

/** Milliseconds. `overheadMs` is what Libria itself added before the first delta: waiting for the provider, for a slot and between retries is not in it. */
export interface Timings {
  queuedMs: number;
  firstTokenMs: number;
  totalMs: number;
  overheadMs: number;
}

export interface AttemptResult {
  target: string;
  outcome: string;
  startedMs: number;
  durationMs: number;
  status?: number;
  requestId?: string;
}

/** US dollars, by the vendor's published prices; none where a model's are not known. */
export interface CostResult {
  usd: number;
}

/** What belongs between `prefix` and `suffix` of a file. A model without an endpoint for this is asked in words, as it is when `system` or `reasoning` are set, and its answer made fit. */
export interface CompleteParams {
  cache?: CacheParam;
  timeouts?: TimeoutsParam;
  priority?: "interactive" | "batch";
  onDisconnect?: "cancel" | "finish";
  providerOptions?: Record<string, unknown>;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
  model?: string;
  fallbacks?: string[];
  system?: string;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  stop?: string | string[];
  seed?: number;
  reasoning?: ReasoningParam;
  prefix: string;
  suffix?: string;
  languageId?: string;
  path?: string;
}

export interface EmbedParams {
  cache?: CacheParam;
  timeouts?: TimeoutsParam;
  priority?: "interactive" | "batch";
  onDisconnect?: "cancel" | "finish";
  providerOptions?: Record<string, unknown>;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
  model: string;
  input: string[];
  dimensions?: number;
}

/** A vector for each text of the input, in order. */
export interface EmbedResult {
  model: string;
  embeddings: number[][];
  usage: UsageResult;
  cache: CacheResult;
  cost?: CostResult;
}

export interface CountTokensParams {
  cache?: CacheParam;
  timeouts?: TimeoutsParam;
  priority?: "interactive" | "batch";
  onDisconnect?: "cancel" | "finish";
  providerOptions?: Record<string, unknown>;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
  model: string;
  messages: MessageParam[];
  system?: string;
  tools?: ToolParam[];
}

/** `exact` when the provider itself counted, else the figure is an estimate. */
export interface CountTokensResult {
  inputTokens: number;
  exact: boolean;
}

/** `afterSeq` is the number of the last progress that the client has seen, -1 for none. Without `partialResultToken` the answer alone comes. */
export interface ResumeParams {
  callId: string;
  afterSeq: number;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
}

export interface ModelsParams {
  provider?: string;
  refresh?: boolean;
}

export interface ModelsResult {
  models: ModelResult[];
  problems: Problem[];
}

/** `capabilities` are of "chat", "complete" (has an endpoint for code completion), "embed", "tools", "vision", "files", "reasoning", "json", "jsonSchema"; "alias" for a name of the config; none where nothing is known. */
export interface ModelResult {
  id: string;
  provider: string;
  capabilities: string[];
  contextWindow?: number;
  price?: PriceResult;
}

/** US dollars for a million tokens. */
export interface PriceResult {
  input: number;
  output: number;
  cachedInput?: number;
}

/** Why a provider's models are not in the list. */
export interface Problem {
  provider: string;
  kind: string;
  message: string;
}

export interface CancelCallParams {
  callId: string;
}

/** Whether the call was under way, and is ended. */
export interface CancelCallResult {
  cancelled: boolean;
}

/** A criterion that is a string is judged by the config's `[tasks] judge`. `context` is shown to the model besides the `instruction`. With `retry_on_failure` criteria that are not met are fed back once. A task of the same `task_id` and content is the same task and ends with the same message, for a day; `restart` begins one anew that ended in an escalation or did not meet all criteria. */
export interface TaskParams {
  task_id: string;
  instruction: string;
  model?: string;
  fallbacks?: string[];
  system?: string;
  context?: string | ContextFileParam[];
  output?: "text" | "code" | "files";
  acceptance_criteria?: (string | JsonSchemaCriterion | RegexCriterion | ContainsCriterion | MaxLengthCriterion | CommandCriterion)[];
  retry_on_failure?: boolean;
  max_tokens?: number;
  temperature?: number;
  reasoning?: TaskReasoning;
  timeouts?: TaskTimeouts;
  restart?: boolean;
  partialResultToken?: string | number;
  workDoneToken?: string | number;
}

/** The program ends with 0, run without a shell in a folder that holds the output's files; text or code is on its standard input. Only where the config says `allow_commands`. `timeout` is seconds. */
export interface CommandCriterion {
  type: "command";
  command: string[];
  timeout?: number;
}

export interface ContainsCriterion {
  path?: string;
  type: "contains";
  text: string;
}

export interface ContextFileParam {
  path: string;
  content: string;
}

/** It is JSON, valid by `schema`. */
export interface JsonSchemaCriterion {
  path?: string;
  type: "jsonSchema";
  schema: Record<string, unknown>;
}

/** At most `length` characters. */
export interface MaxLengthCriterion {
  path?: string;
  type: "maxLength";
  length: number;
}

/** `pattern` is found in it; written as in a JSON Schema. */
export interface RegexCriterion {
  path?: string;
  type: "regex";
  pattern: string;
}

export interface TaskReasoning {
  effort?: "minimal" | "low" | "medium" | "high";
  max_tokens?: number;
}

/** Seconds, of each call that the task makes. */
export interface TaskTimeouts {
  connect?: number;
  first_token?: number;
  idle?: number;
  total?: number;
}

/** The answer to a task. `estimated_completion` is a time of ISO 8601 in UTC, by what was observed. */
export interface Acknowledgment {
  message_type: "TASK_ACKNOWLEDGMENT";
  task_id: string;
  from_agent?: "INTEGRATIONS";
  status?: "acknowledged";
  estimated_completion: string;
}

export interface TaskListParams {
}

/** The newest first; those that ended are listed for a day. */
export interface TaskListResult {
  tasks: TaskStateResult[];
}

/** "waiting" is a task whose daemon was lost: it goes on when it is given again. `phase` is "asking", "checking" or "judging"; `blocker_type` and `all_passed` say how it ended. */
export interface TaskStateResult {
  task_id: string;
  state: "completed" | "escalated" | "running" | "waiting";
  age_seconds: number;
  model?: string;
  phase?: string;
  call_id?: string;
  output_tokens?: number;
  tokens_per_second?: number;
  all_passed?: boolean;
  blocker_type?: string;
}

export interface TaskCancelParams {
  task_id: string;
}

/** `cancelled` is false where the task had ended before. */
export interface TaskCancelResult {
  task_id: string;
  cancelled: boolean;
}

/** Without `parts`: all. `recent` leaves out targets that were not asked in so many seconds, and are not in the way of anybody. */
export interface StatusParams {
  parts?: ("process" | "today" | "clients" | "calls" | "pools" | "breakers" | "targets" | "spend")[];
  recent?: number;
}

/** `tasks` are those of the daemon's event loop, this request's own among them: at rest it is a small number that stays the same. Where `parts` names some, the other parts are empty. */
export interface StatusResult {
  pid: number;
  version: string;
  uptimeSeconds: number;
  tasks: number;
  socket: string;
  config: string;
  problems: string[];
  clients: ClientResult[];
  calls: CallResult[];
  pools: PoolResult[];
  breakers: BreakerResult[];
  targets: TargetResult[];
  queue: QueueResult;
  cache: CacheFiguresResult;
  redis: RedisResult;
  spend: SpentResult[];
  budgets: BudgetResult[];
  process?: ProcessResult;
  today?: SpentTodayResult;
  ledger?: LedgerResult;
}

/** `pid` is the process at the other end where the kernel tells, for an editor mostly its forwarder; `unreadBytes` have been sent to it and not been taken. */
export interface ClientResult {
  session: string;
  name: string;
  calls: number;
  seconds: number;
  unreadBytes: number;
  version?: string;
  pid?: number;
}

/** A call under way. It is "queued" behind others at `position`, "waiting" for its target's limits or first words (`reason`), "connecting" on its way there, "retrying" after a failure, "streaming", or "paused" until its client reads. `outputTokens` is an estimate, `tokensPerSecond` is lately. */
export interface CallResult {
  callId: string;
  model: string;
  client: string;
  session: string;
  seconds: number;
  state: "connecting" | "paused" | "queued" | "retrying" | "streaming" | "waiting";
  deltas: number;
  outputTokens: number;
  target?: string;
  reason?: string;
  position?: number;
  etaMs?: number;
  tokensPerSecond?: number;
}

/** `inUse` are requests that have not ended, `open` the connections that are held or kept, `opened` those that were made since the daemon started. */
export interface PoolResult {
  provider: string;
  address: string;
  inUse: number;
  open: number;
  opened: number;
}

/** A target that failed lately: "open" is left alone for `retryInMs`, then asked by one call at a time ("halfOpen"); `failures` in a row, the last of the kind `reason`. */
export interface BreakerResult {
  target: string;
  state: "closed" | "halfOpen" | "open";
  failures: number;
  retryInMs?: number;
  reason?: string;
}

/** What is kept to of one target with one key (`key` tells keys apart and names none): nothing is sent for `pausedMs` after a 429; `waiting` calls; `inFlight` of at most `bound` at once, a bound that was `found` by failures or is the user's. */
export interface TargetResult {
  target: string;
  key: string;
  limits: LimitResult[];
  pausedMs: number;
  waiting: number;
  inFlight: number;
  found: boolean;
  bound?: number;
}

/** One limit: at most `limit` of `of` ("requests", "tokens", "inputTokens", "outputTokens") in `seconds`. `used` is counted here (not said where other machines count too), `remaining` what the provider said last; `learned` from the provider or else the user's; `shared` by all models of the key. */
export interface LimitResult {
  of: string;
  limit: number;
  seconds: number;
  learned: boolean;
  shared: boolean;
  used?: number;
  remaining?: number;
}

/** Calls that are let in at once, and those that wait to be. */
export interface QueueResult {
  inFlight: number;
  slots: number;
  waiting: number;
  room: number;
}

/** Since the daemon started: look-ups that found an answer or did not, answers kept, entries that could not be read, calls that heard the answer to an equal one, and what hits would have cost. */
export interface CacheFiguresResult {
  hits: number;
  misses: number;
  stored: number;
  foreign: number;
  joined: number;
  savedUsd: number;
}

/** What machines share limits through: "off" without an address, "away" while it does not answer in time, and each keeps to its share of the limits. */
export interface RedisResult {
  status: "away" | "connected" | "off";
  url?: string;
  sinceSeconds?: number;
  error?: string;
  roundTripMs?: number;
}

/** Since the daemon started. `estimatedAttempts` are those whose provider gave no figures, as their replies broke or were left before the end. */
export interface SpentResult {
  target: string;
  attempts: number;
  failed: number;
  cancelled: number;
  estimatedAttempts: number;
  inputTokens: number;
  outputTokens: number;
}

/** A budget of the config: `spentUsd` of `usd` in this day or month (by all machines that share it), which ends at `renewsAt`, an ISO 8601 time; besides `unpricedAttempts`, whose price is not known. `state` is "near" where it will soon refuse, "spent" where it is reached. */
export interface BudgetResult {
  name: string;
  usd: number;
  per: "day" | "month";
  action: "refuse" | "warn";
  spentUsd: number;
  unpricedAttempts: number;
  renewsAt: string;
  state: "near" | "open" | "spent";
  tool?: string;
  provider?: string;
}

/** `lagMs` is how late a timer rang at the worst in the last two seconds, while somebody looked: what everything the daemon does may be late by. `cpuSeconds` since it started. */
export interface ProcessResult {
  cpuSeconds: number;
  lagMs: number;
  rssBytes?: number;
}

/** Since midnight here, by all daemons of this home. `usd` is by published prices, without the `unpricedAttempts`, whose models' are not known; what runs on this machine costs nothing. */
export interface SpentTodayResult {
  seconds: number;
  usd: number;
  attempts: number;
  unpricedAttempts: number;
  inputTokens: number;
  outputTokens: number;
}

/** Where rows of what calls cost are kept, for `days`; `enabled` is False where they are not. `problems`: sentences. */
export interface LedgerResult {
  enabled: boolean;
  days: number;
  problems: string[];
  path?: string;
}

/** `since` and `until`: how long ago ("12h", "7d", "4w": days with today as the first), "today", "yesterday", "month", or an ISO 8601 date or time; without them all that the ledger holds. */
export interface UsageParams {
  by?: "tool" | "model" | "provider" | "day";
  since?: string;
  until?: string;
}

/** `rows` the dearest first, days in their order. `from` and `to` are ISO 8601 times, the second one not within. A call that fell back is in the rows of two models and once in the `total`. `problems`: sentences, where the ledger does not hold all. */
export interface UsageReport {
  rows: UsageLine[];
  total: UsageLine;
  from: string;
  to: string;
  problems: string[];
}

/** Sums of what has the same `key`. `failed` and `cancelled` are among the `attempts`; `free` calls were answered without an attempt of their own, out of the cache or by the answer to another. Of `estimated` attempts the provider said no tokens; cached and written ones are within the input, those of reasoning within the output. `usd` is by published prices, without the `unpriced` attempts, whose models' are not known. */
export interface UsageLine {
  key: string;
  calls: number;
  attempts: number;
  failed: number;
  cancelled: number;
  free: number;
  estimated: number;
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  reasoningTokens: number;
  usd: number;
  unpriced: number;
}

export interface CacheStatsParams {
}

/** What is kept now: by tier, an answer mostly being in more than one, and by model, the largest first. */
export interface CacheStatsResult {
  hits: number;
  misses: number;
  stored: number;
  foreign: number;
  joined: number;
  savedUsd: number;
  tiers: CacheTierResult[];
  models: CachedModelResult[];
}

/** `bytes` are in use, of `maxBytes`, and not said where only a long count could tell; with a `problem` the tier is not in use. */
export interface CacheTierResult {
  name: string;
  entries?: number;
  bytes?: number;
  maxBytes?: number;
  problem?: string;
}

export interface CachedModelResult {
  model: string;
  entries: number;
  bytes: number;
}

/** Without either: all. `model` is `provider/model`, or a provider for all of its models; `olderThan` seconds. */
export interface CacheClearParams {
  model?: string;
  olderThan?: number;
}

/** `removed` answers; `problems` are of tiers that could not be cleared. */
export interface CacheClearResult {
  removed: number;
  problems?: string[];
}

export interface StopParams {
}

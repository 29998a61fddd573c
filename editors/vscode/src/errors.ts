/** An error as one sentence that says what to do, and the buttons that do it. */
import { CancellationError, commands, window } from "vscode";
import type { ErrorData } from "./protocol";

/** `command` does the same as `run`, where it is a command without arguments. */
export interface Action {
  readonly title: string;
  readonly command?: string;
  readonly run: () => unknown;
}

export interface Problem {
  readonly message: string;
  readonly actions: readonly Action[];
}

const SET_KEY = action("Set Key", "libria.setKey");
const PICK_MODEL = action("Pick Model", "libria.pickModel");
const OPEN_LOG = action("Open Log", "libria.openLog");

/** There is no libria, or it could not be started. */
export class NotRunning extends Error {}

export function isCancellation(error: unknown): boolean {
  return error instanceof CancellationError || codeOf(error) === -32800;
}

/** What the daemon says of a call that failed; undefined for every other error. */
export function errorData(error: unknown): ErrorData | undefined {
  const data = typeof error === "object" && error !== null && "data" in error ? error.data : undefined;
  return typeof data === "object" && data !== null && "kind" in data ? (data as ErrorData) : undefined;
}

/** `retry`: what asks again, offered where that may help. */
export function describe(error: unknown, retry?: () => unknown): Problem {
  const again: Action[] = retry === undefined ? [] : [{ title: "Retry", run: retry }];
  const data = errorData(error);
  if (data === undefined) {
    return { message: sentence(error), actions: [...again, OPEN_LOG] };
  }
  switch (data.kind) {
    case "credentialMissing":
    case "credentialRejected":
      return { message: data.message, actions: [SET_KEY, ...again] };
    case "permissionDenied":
    case "quotaExhausted":
      return { message: data.message, actions: [SET_KEY, PICK_MODEL] };
    case "modelNotFound":
    case "contextTooLong":
    case "badRequest":
    case "contentFiltered":
      return { message: data.message, actions: [PICK_MODEL] };
    default:
      return { message: data.message, actions: data.retryable ? [...again, OPEN_LOG] : [OPEN_LOG] };
  }
}

/** Shows it, unless the user has cancelled: then there is nothing to say. */
export async function showError(error: unknown, retry?: () => unknown): Promise<void> {
  if (isCancellation(error)) {
    return;
  }
  const { message, actions } = describe(error, retry);
  const chosen = await window.showErrorMessage(message, ...actions.map(({ title }) => title));
  await actions.find(({ title }) => title === chosen)?.run();
}

function action(title: string, command: string): Action {
  return { title, command, run: () => commands.executeCommand(command) };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

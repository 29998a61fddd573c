/** Suggestions as one types, by the daemon's model for that; switched per language, and quiet where there is no such model. */
import { commands, ConfigurationTarget, Disposable, type Event, EventEmitter, window, workspace } from "vscode";
import type { InlineCompletionList } from "vscode-languageclient";
import { isCancellation } from "./errors";
import type { Parts } from "./parts";

/** Why nothing can be suggested, as the daemon says it: `kind` is "noModel" or an error's. */
interface Trouble {
  readonly kind: string;
  readonly message: string;
}

/** "off" by the settings, "noModel" and "failing" by the daemon; `why` is a sentence, "" where it is on. */
export interface InlineState {
  readonly state: "on" | "off" | "noModel" | "failing";
  readonly why: string;
}

const SECTION = "libria.inlineCompletion";

const changes = new EventEmitter<void>();
let trouble: Trouble | undefined;

/** The state may be another than before. */
export const onInlineState: Event<void> = changes.event;

/** In documents of the language, that of the active editor where none is given. */
export function inlineState(languageId = window.activeTextEditor?.document.languageId): InlineState {
  const off = switchedOff(languageId);
  if (off !== undefined) {
    return { state: "off", why: off };
  }
  if (trouble !== undefined) {
    return { state: trouble.kind === "noModel" ? "noModel" : "failing", why: trouble.message };
  }
  return { state: "on", why: "" };
}

export function register({ daemon, log }: Parts): Disposable {
  const become = (now: Trouble | undefined) => {
    if (now?.message !== trouble?.message) {
      trouble = now;
      changes.fire();
    }
  };
  // VS Code cancels what it asked before; the daemon waits for a rest in the typing, and ends the one before as well.
  daemon.middleware.provideInlineCompletionItems = async (document, position, context, token) => {
    const client = daemon.client;
    if (client === undefined || switchedOff(document.languageId) !== undefined) {
      return undefined;
    }
    try {
      const params = client.code2ProtocolConverter.asInlineCompletionParams(document, position, context);
      const method = "textDocument/inlineCompletion";
      const answer = await daemon.send<InlineCompletionList & { problem?: Trouble }>(method, params, token);
      if (answer.problem !== undefined || answer.items.length > 0) {
        become(answer.problem); // an empty answer says nothing of whether there could be one
      }
      return await client.protocol2CodeConverter.asInlineCompletionResult(answer, token);
    } catch (error) {
      if (!isCancellation(error)) {
        log.debug("No suggestion:", String(error));
      }
      return undefined;
    }
  };
  return Disposable.from(
    commands.registerCommand("libria.toggleInlineCompletion", toggle),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SECTION)) {
        changes.fire();
      }
    }),
    window.onDidChangeActiveTextEditor(() => {
      changes.fire();
    }),
    daemon.onState(() => {
      become(undefined); // another daemon may have another model
    }),
  );
}

/** The sentence that says how; undefined where it is on. */
function switchedOff(languageId: string | undefined): string | undefined {
  const settings = workspace.getConfiguration(SECTION);
  if (!settings.get<boolean>("enabled", true)) {
    return "Suggestions are switched off.";
  }
  const languages = settings.get<Record<string, boolean>>("languages", {});
  if (languageId !== undefined && !(languages[languageId] ?? languages["*"] ?? true)) {
    return `Suggestions are switched off for ${languageId}.`;
  }
  return undefined;
}

/** For the language of the active editor, or at all where there is none or all are off. */
async function toggle(): Promise<void> {
  const settings = workspace.getConfiguration(SECTION);
  const languageId = window.activeTextEditor?.document.languageId;
  const enabled = settings.get<boolean>("enabled", true);
  if (languageId === undefined || !enabled) {
    await settings.update("enabled", !enabled, ConfigurationTarget.Global);
  } else {
    const mine = settings.inspect<Record<string, boolean>>("languages")?.globalValue;
    const languages = { ...mine, [languageId]: switchedOff(languageId) !== undefined };
    await settings.update("languages", languages, ConfigurationTarget.Global);
  }
  const { state, why } = inlineState(languageId);
  const said = state === "on" ? `Libria suggests code in ${languageId ?? "every language that is on"}.` : why;
  void window.showInformationMessage(said);
}

/** Libria's models in VS Code's own model picker: chat and agents run on them. */
import {
  type CancellationToken,
  Disposable,
  EventEmitter,
  type LanguageModelChatInformation,
  type LanguageModelChatProvider,
  type LanguageModelChatRequestMessage,
  type LanguageModelResponsePart,
  lm,
  type Progress,
  type ProvideLanguageModelChatResponseOptions,
} from "vscode";
import { Answer } from "./chat/answer";
import { information } from "./chat/information";
import { registerJoin } from "./chat/join";
import { Memory } from "./chat/memory";
import { messagesOf, toolsOf } from "./chat/messages";
import { settingsOf } from "./chat/options";
import { estimate } from "./chat/tokens";
import type { Daemon } from "./daemon";
import { describe, errorData, isCancellation, showError } from "./errors";
import type { Parts } from "./parts";

const VENDOR = "libria";

export function register({ daemon, log }: Parts): Disposable {
  const provider = new Models(daemon);
  const registered = lm.registerLanguageModelChatProvider(VENDOR, provider);
  const listener = daemon.onState((state) => {
    if (state === "running") {
      provider.changed.fire();
    }
  });
  // Until somebody asks for them, VS Code's chat does not know that there are any models.
  lm.selectChatModels({ vendor: VENDOR }).then(
    (models) => {
      log.debug(`${models.length} models in the picker`);
    },
    (error: unknown) => {
      log.warn(describe(error).message);
    },
  );
  return Disposable.from(registered, listener, provider.changed, registerJoin(log));
}

class Models implements LanguageModelChatProvider {
  readonly changed = new EventEmitter<void>();
  readonly onDidChangeLanguageModelChatInformation = this.changed.event;
  private readonly memory = new Memory();

  constructor(private readonly daemon: Daemon) {}

  async provideLanguageModelChatInformation(
    { silent }: { silent: boolean },
    token: CancellationToken,
  ): Promise<LanguageModelChatInformation[]> {
    try {
      const { models } = await this.daemon.request("libria/models", {}, token);
      return information(models);
    } catch (error) {
      if (!silent) {
        void showError(error);
      }
      return [];
    }
  }

  async provideLanguageModelChatResponse(
    model: LanguageModelChatInformation,
    messages: readonly LanguageModelChatRequestMessage[],
    options: ProvideLanguageModelChatResponseOptions,
    progress: Progress<LanguageModelResponsePart>,
    token: CancellationToken,
  ): Promise<void> {
    const answer = new Answer((part) => {
      progress.report(part);
    });
    const params = {
      ...settingsOf(options.modelOptions),
      ...toolsOf(options),
      model: model.id,
      messages: messagesOf(messages, this.memory),
    };
    try {
      const result = await this.daemon.stream("libria/chat", params, {
        on: (value) => {
          answer.on(value);
        },
        token,
      });
      this.memory.keep(result.message);
      answer.end(result);
    } catch (error) {
      if (isCancellation(error)) {
        throw error;
      }
      answer.flush();
      if (errorData(error)?.kind.startsWith("credential") === true) {
        void showError(error); // with the button that sets the key, which the chat cannot show
      }
      throw plain(describe(error).message);
    }
  }

  provideTokenCount(
    _model: LanguageModelChatInformation,
    text: string | LanguageModelChatRequestMessage,
  ): Promise<number> {
    return Promise.resolve(estimate(text));
  }
}

/** Without a stack, which the chat would show behind the sentence. */
function plain(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}

/** @libria in VS Code's chat: questions, and the commands explain, fix, tests and commit. */
import {
  type CancellationToken,
  type ChatContext,
  chat,
  type ChatRequest,
  type ChatResponseStream,
  type ChatResult,
  commands,
  Disposable,
  Uri,
  window,
} from "vscode";
import { Batches } from "./chat/batches";
import { AGAIN } from "./chat/messages";
import { git, type Repository } from "./commands/git";
import { waiting } from "./commands/jobs";
import * as prompts from "./commands/prompts";
import { chosenModel } from "./commands/settings";
import type { Daemon } from "./daemon";
import { describe, isCancellation } from "./errors";
import { history } from "./participant/history";
import { material } from "./participant/material";
import { asked, followups, system } from "./participant/tasks";
import type { Parts } from "./parts";
import type { MessageParam, Progress } from "./protocol";

/** The command behind the button of /commit. */
const USE_MESSAGE = "libria.useCommitMessage";

export function register({ context, daemon }: Parts): Disposable {
  const participant = chat.createChatParticipant("libria.chat", (request, before, stream, token) =>
    answer(daemon, request, before, stream, token),
  );
  participant.iconPath = Uri.joinPath(context.extensionUri, "media", "icon.png");
  participant.followupProvider = {
    provideFollowups: ({ metadata }) => followups(metadata?.["command"] as string | undefined),
  };
  return Disposable.from(participant, commands.registerCommand(USE_MESSAGE, useMessage));
}

async function answer(
  daemon: Daemon,
  request: ChatRequest,
  before: ChatContext,
  stream: ChatResponseStream,
  token: CancellationToken,
): Promise<ChatResult> {
  const metadata = { command: request.command };
  try {
    const repository = request.command === "commit" ? await repositoryHere() : undefined;
    const question = await (repository ? ofChange(repository, request.prompt) : questionOf(request, stream));
    const messages: MessageParam[] = [...history(before), { role: "user", content: question }];
    const params = { ...modelOf(request), system: system(request.command), messages };
    const shown = new Shown(stream);
    const on = (value: Progress) => {
      shown.on(value);
    };
    try {
      const result = await daemon.stream("libria/chat", params, { on, token });
      shown.flush();
      if (repository !== undefined) {
        const used = [repository.rootUri, result.content];
        stream.button({ command: USE_MESSAGE, title: "Use as Commit Message", arguments: used });
      }
    } finally {
      shown.flush();
    }
    return { metadata };
  } catch (error) {
    if (isCancellation(error)) {
      return { metadata };
    }
    const { message, actions } = describe(error);
    for (const { title, command } of actions) {
      if (command !== undefined) {
        stream.button({ command, title });
      }
    }
    return { metadata, errorDetails: { message } };
  }
}

async function questionOf(request: ChatRequest, stream: ChatResponseStream): Promise<string> {
  const { blocks } = await material(request, stream);
  return asked(request.command, request.prompt, blocks);
}

async function ofChange(repository: Repository, prompt: string): Promise<string> {
  const diff = (await repository.diff(true)) || (await repository.diff(false));
  if (diff === "") {
    throw new Error("There is no change to describe; new files have to be staged first.");
  }
  return prompts.commit(diff, prompt.trim());
}

/** That of the file that is looked at, else the first. */
async function repositoryHere(): Promise<Repository> {
  const api = await git();
  const uri = window.activeTextEditor?.document.uri;
  const repository = (uri && api.getRepository(uri)) ?? api.repositories[0];
  if (repository === undefined) {
    throw new Error("There is no Git repository in this workspace.");
  }
  return repository;
}

/** The model that the chat is set to, where it is one of Libria's. */
function modelOf({ model }: ChatRequest): { model?: string } {
  return model.vendor === "libria" ? { model: model.id } : chosenModel();
}

/** The view may have been closed, and the window too, since the button was made. */
async function useMessage(root: Uri, message: string): Promise<void> {
  const repository = (await git()).getRepository(Uri.from(root));
  if (repository !== null) {
    repository.inputBox.value = message;
    await commands.executeCommand("workbench.view.scm");
  }
}

class Shown {
  private said = false;
  private why = "";
  private readonly text = new Batches((text) => {
    this.said = true;
    this.stream.markdown(text);
  });

  constructor(private readonly stream: ChatResponseStream) {}

  on(value: Progress): void {
    if (value.kind === "delta") {
      this.text.add(value.text);
    } else if (value.kind === "reset") {
      this.text.drop();
      if (this.said) {
        this.said = false;
        this.stream.markdown(AGAIN);
      }
    } else {
      const why = waiting(value) ?? this.why;
      if (why !== this.why) {
        this.why = why;
        this.stream.progress(why);
      }
    }
  }

  flush(): void {
    this.text.flush();
  }
}

/** Questions and answers in a Markdown document that nobody has to save. */
import {
  commands,
  Disposable,
  extensions,
  TabInputText,
  TabInputWebview,
  type TextDocumentContentProvider,
  Uri,
  ViewColumn,
  window,
  workspace,
} from "vscode";
import type { Daemon } from "../daemon";
import { describe } from "../errors";
import type { MessageParam, Progress } from "../protocol";
import { type Jobs, waiting } from "./jobs";
import { Redraw } from "./redraw";
import { chosenModel } from "./settings";

export const SCHEME = "libria-answer";

interface Conversation {
  readonly uri: Uri;
  readonly messages: MessageParam[];
  text: string;
}

/** `shown` is the question as the user put it; `sent` what the model sees of it. */
export interface Question {
  readonly shown: string;
  readonly sent: string;
}

export class Conversations implements TextDocumentContentProvider, Disposable {
  private readonly all = new Map<string, Conversation>();
  private readonly redraw = new Redraw();
  private latest: Conversation | undefined;
  private counter = 0;

  readonly onDidChange = this.redraw.event;
  private readonly provider = workspace.registerTextDocumentContentProvider(SCHEME, this); // which looks at onDidChange

  constructor(
    private readonly daemon: Daemon,
    private readonly jobs: Jobs,
  ) {}

  provideTextDocumentContent(uri: Uri): string {
    return this.all.get(uri.toString())?.text ?? "*This conversation is over.*\n";
  }

  /** Whether there is one to go on with: its tab is open. */
  get underWay(): boolean {
    return this.latest !== undefined && isOpen(this.latest);
  }

  async ask(question: Question, how: "anew" | "on"): Promise<void> {
    const going = how === "on" && this.underWay ? this.latest : undefined;
    const conversation = (this.latest = going ?? this.begin());
    conversation.text += `> ${question.shown.replaceAll("\n", "\n> ")}\n\n`;
    await show(conversation);
    this.redraw.soon(conversation.uri);
    await this.jobs.run(
      "Ask",
      async (job) => {
        const closed = window.tabGroups.onDidChangeTabs(() => {
          if (!isOpen(conversation)) {
            job.cancel();
          }
        });
        let answer = "";
        const before = conversation.text;
        const on = (value: Progress) => {
          if (value.kind === "delta") {
            answer += value.text;
            job.say("answering…");
          } else if (value.kind === "reset") {
            answer = "";
          }
          const why = waiting(value);
          if (why !== undefined) {
            job.say(why);
          }
          conversation.text = before + answer;
          this.redraw.soon(conversation.uri);
        };
        const messages: MessageParam[] = [...conversation.messages, { role: "user", content: question.sent }];
        let end = "";
        try {
          const asked = { ...chosenModel(), messages };
          const result = await this.daemon.stream("libria/chat", asked, { on, token: job.token });
          conversation.messages.push(...messages.slice(-1), result.message as MessageParam);
          answer = result.content;
        } catch (error) {
          const why = job.token.isCancellationRequested ? "Cancelled." : describe(error).message;
          end = `\n\n*${why}*`;
          if (answer !== "") {
            conversation.messages.push(...messages.slice(-1), { role: "assistant", content: answer });
          }
          throw error;
        } finally {
          closed.dispose();
          conversation.text = `${before}${answer}${end}\n\n---\n\n`;
          this.redraw.soon(conversation.uri);
        }
      },
      () => this.ask(question, "on"),
    );
  }

  dispose(): void {
    this.provider.dispose();
    this.redraw.dispose();
  }

  private begin(): Conversation {
    for (const [key, old] of this.all) {
      if (!isOpen(old)) {
        this.all.delete(key);
      }
    }
    const uri = Uri.from({ scheme: SCHEME, path: `/Libria ${++this.counter}.md` });
    const conversation: Conversation = { uri, messages: [], text: "" };
    this.all.set(uri.toString(), conversation);
    return conversation;
  }
}

/** Rendered beside, where VS Code's own Markdown is not switched off. */
async function show({ uri }: Conversation): Promise<void> {
  if (isOpen({ uri })) {
    return;
  }
  if (extensions.getExtension("vscode.markdown-language-features") !== undefined) {
    await workspace.openTextDocument(uri);
    await commands.executeCommand("markdown.showLockedPreviewToSide", uri); // others follow the active editor
    return;
  }
  const document = await workspace.openTextDocument(uri);
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: false });
}

function isOpen({ uri }: Pick<Conversation, "uri">): boolean {
  const name = uri.path.slice(1);
  return window.tabGroups.all.some(({ tabs }) =>
    tabs.some(
      ({ input, label }) =>
        (input instanceof TabInputText && input.uri.toString() === uri.toString()) ||
        (input instanceof TabInputWebview && input.viewType.endsWith("markdown.preview") && label.endsWith(name)),
    ),
  );
}

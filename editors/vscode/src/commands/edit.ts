/** A range rewritten by a model: instructed, fixed, improved, documented; looked at as a diff before it is made. */
import { type TextEditor, Uri, window, workspace } from "vscode";
import type { Daemon } from "../daemon";
import type { EditArguments, Progress } from "../protocol";
import { Anchor } from "./anchor";
import { type Job, type Jobs, waiting } from "./jobs";
import { place, rangeOf } from "./place";
import type { Reviews } from "./reviews";
import { chosenModel } from "./settings";
import { Unfence } from "./unfence";

/** The daemon's commands that rewrite, and how they are called in titles. */
const TITLES = {
  "libria.edit": "Edit",
  "libria.fix": "Fix",
  "libria.rewrite": "Improve",
  "libria.document": "Document",
} as const;

export type EditCommand = keyof typeof TITLES;

export function isEdit(command: string): command is EditCommand {
  return command in TITLES;
}

const KINDS: Record<EditCommand, string> = {
  "libria.edit": "refactor.rewrite",
  "libria.fix": "quickfix",
  "libria.rewrite": "refactor.rewrite",
  "libria.document": "refactor.rewrite.document",
};

export class Edits {
  constructor(
    private readonly daemon: Daemon,
    private readonly jobs: Jobs,
    private readonly reviews: Reviews,
  ) {}

  /** Of what is selected, else of the block around the cursor. `instruction` only for `libria.edit`. */
  async ofSelection(editor: TextEditor, command: EditCommand, instruction?: string): Promise<void> {
    const { diagnostics, ...argument } = await place(this.daemon, editor, KINDS[command]);
    await this.perform(command, {
      ...argument,
      ...(command === "libria.fix" && { diagnostics }),
      ...(instruction !== undefined && { instruction }),
    });
  }

  /** As a code action says it. */
  async perform(command: EditCommand, argument: EditArguments): Promise<void> {
    const document = await workspace.openTextDocument(Uri.parse(argument.uri));
    const anchor = Anchor.of(document, rangeOf(argument));
    let range = anchor.range;
    const again = () => this.perform(command, { ...argument, range, version: document.version });
    await this.jobs.run(
      TITLES[command],
      async (job) => {
        try {
          await this.reviewed(job, command, argument, anchor);
        } finally {
          range = anchor.range;
        }
      },
      again,
    );
  }

  private async reviewed(job: Job, command: EditCommand, argument: EditArguments, anchor: Anchor): Promise<void> {
    const review = await this.reviews.begin(anchor, `${TITLES[command]} with Libria`);
    const closed = this.reviews.onClosed((one) => {
      if (one === review) {
        job.cancel();
      }
    });
    let text = "";
    let unfence = new Unfence();
    const on = (value: Progress) => {
      if (value.kind === "delta") {
        text += unfence.add(value.text);
        job.say(`${text.split("\n").length} lines`);
      } else if (value.kind === "reset") {
        [text, unfence] = ["", new Unfence()];
      }
      const why = waiting(value);
      if (why !== undefined) {
        job.say(why);
      }
      review.show(text);
      this.reviews.changed(review);
    };
    let offered = 0;
    try {
      const asked = { ...chosenModel(), ...argument, apply: false };
      const result = await this.daemon.command(command, asked, { on, token: job.token });
      if (!("newText" in result) || !review.holds()) {
        throw new Error("The text has changed meanwhile; select it and ask again.");
      }
      offered = review.offer(result.newText);
      this.reviews.changed(review);
    } finally {
      closed.dispose();
      if (offered === 0) {
        await this.reviews.end(review);
      }
    }
    if (offered === 0) {
      void window.showInformationMessage("Libria would change nothing here.");
    }
  }
}

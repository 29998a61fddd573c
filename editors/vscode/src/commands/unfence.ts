/** Models put code into a fence even when asked not to: it is taken off while the text streams. */

const FENCE = "```";

export class Unfence {
  /** What may still turn out to be a fence. */
  private held = "";
  private state: "unknown" | "plain" | "inside" | "behind" = "unknown";
  /** Fences that are open within the outer one, as in Markdown. */
  private nested = 0;
  private midway = false;
  /** A line's break waits with it: the last one belongs to the fence. */
  private lineBreak = "";

  /** What of the text so far is the answer's own. */
  add(text: string): string {
    if (this.state === "plain") {
      return text;
    }
    if (this.state === "behind") {
      return "";
    }
    this.held += text;
    if (this.state === "unknown" && !this.begun()) {
      return "";
    }
    return this.state === "inside" ? this.inside() : this.taken();
  }

  /** What was held back, without the fence. */
  finish(): string {
    const rest = this.taken();
    if (this.state === "inside") {
      return rest === "" || isFence(rest) ? "" : this.lineBreak + rest;
    }
    return this.state === "unknown" && !rest.trimStart().startsWith(FENCE) ? rest : "";
  }

  private begun(): boolean {
    const start = this.held.replace(/^\s*\n/, "");
    if (FENCE.startsWith(start)) {
      return false; // nothing yet, or what may become a fence
    }
    if (!start.startsWith(FENCE)) {
      this.state = "plain";
      return true;
    }
    const end = start.indexOf("\n");
    if (end < 0) {
      return false;
    }
    this.held = start.slice(end + 1);
    this.state = "inside";
    return true;
  }

  private inside(): string {
    let ready = "";
    for (;;) {
      const end = this.held.indexOf("\n");
      const line = end < 0 ? this.held : this.held.slice(0, end);
      if (!this.midway) {
        if (end < 0 && /^\s*`{0,2}$|^\s*```/.test(line)) {
          return ready; // nothing, or what may be a fence
        }
        if (end >= 0 && isFence(line)) {
          if (this.nested === 0) {
            this.state = "behind";
            this.held = "";
            return ready;
          }
          this.nested--;
        } else if (end >= 0 && /^\s*```\w/.test(line)) {
          this.nested++;
        }
        ready += this.lineBreak;
      }
      ready += line;
      this.held = end < 0 ? "" : this.held.slice(end + 1);
      this.midway = end < 0;
      this.lineBreak = end < 0 ? "" : "\n";
      if (end < 0) {
        return ready;
      }
    }
  }

  private taken(): string {
    const text = this.held;
    this.held = "";
    return text;
  }
}

function isFence(line: string): boolean {
  return /^\s*```\s*$/.test(line);
}

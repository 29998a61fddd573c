/** Text joined for a moment, where each piece that is handed on costs a message to the window. */
const EVERY = 25; // milliseconds

export class Batches {
  private text = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly give: (text: string) => void) {}

  add(text: string): void {
    this.text += text;
    this.timer ??= setTimeout(() => {
      this.flush();
    }, EVERY);
  }

  flush(): void {
    const text = this.drop();
    if (text !== "") {
      this.give(text);
    }
  }

  /** What has not been given, which it then never is. */
  drop(): string {
    clearTimeout(this.timer);
    this.timer = undefined;
    const text = this.text;
    this.text = "";
    return text;
  }
}

/** What is seen of Libria at rest: the status bar and the language status. */
import { Disposable, window, workspace } from "vscode";
import { inlineState, onInlineState } from "../inline";
import type { Parts } from "../parts";
import { LanguageStatus } from "./language";
import { look, type Picture } from "./look";
import { StatusBar } from "./statusBar";
import { Watch } from "./watch";

export function register({ daemon }: Parts): Disposable {
  const watch = new Watch(daemon, {
    focused: () => window.state.focused,
    onChange: window.onDidChangeWindowState,
  });
  const statusBar = new StatusBar();
  const language = new LanguageStatus();
  const show = () => {
    const picture = pictured();
    const seen = look(picture, Date.now());
    statusBar.show(seen);
    language.show(seen, picture.suggestions);
  };
  const pictured = (): Picture => ({
    state: daemon.state,
    problem: daemon.problem,
    model: workspace.getConfiguration("libria").get<string>("model", ""),
    calls: [...watch.live.calls.values()],
    last: watch.live.last,
    status: watch.status,
    seen: watch.seen,
    suggestions: inlineState(),
  });
  show();
  return Disposable.from(
    watch,
    statusBar,
    language,
    watch.changed(show),
    onInlineState(show),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("libria")) {
        show();
      }
    }),
  );
}

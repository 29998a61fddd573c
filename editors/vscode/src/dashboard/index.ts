/** `libria.openDashboard`: one dashboard a window. */
import { commands, Disposable, Uri, ViewColumn, type WebviewPanel, window } from "vscode";
import type { Parts } from "../parts";
import { Panel } from "./panel";

const TYPE = "libria.dashboard";

export function register({ context, daemon }: Parts): Disposable {
  const media = Uri.joinPath(context.extensionUri, "media");
  let shown: Panel | undefined;
  const adopt = (panel: WebviewPanel) => {
    shown?.dispose();
    const mine = new Panel(panel, daemon, media);
    panel.iconPath = {
      light: Uri.joinPath(media, "dashboard-light.svg"),
      dark: Uri.joinPath(media, "dashboard-dark.svg"),
    };
    panel.onDidDispose(() => {
      mine.dispose();
      shown = shown === mine ? undefined : shown;
    });
    shown = mine;
  };
  return Disposable.from(
    commands.registerCommand("libria.openDashboard", () => {
      if (shown !== undefined) {
        shown.panel.reveal();
      } else {
        adopt(window.createWebviewPanel(TYPE, "Libria", ViewColumn.Active));
      }
    }),
    window.registerWebviewPanelSerializer(TYPE, {
      deserializeWebviewPanel: (panel) => {
        adopt(panel);
        return Promise.resolve();
      },
    }),
    new Disposable(() => {
      shown?.dispose();
    }),
  );
}

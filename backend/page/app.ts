import "./app.css";
import { io } from "socket.io-client";
import { type ClientState, RequestError, SiteClient } from "../client/index.ts";
import { connectAccount } from "./account.ts";
import { AdminDialog } from "./admin.ts";
import { connectEntrance } from "./entrance.ts";
import { connectHome } from "./home.ts";
import { takeLink } from "./mail-forms.ts";
import { parts } from "./parts.ts";
import { Pictures } from "./pictures.ts";
import { rememberSignedIn, wasSignedIn } from "./remembered.ts";
import { element, onClick } from "./view.ts";

/** Milliseconds between two attempts to restore the session while the server cannot be reached. */
const RESTORE_AGAIN_MS = 3000;

const opening = element("opening", HTMLElement);
const app = element("app", HTMLElement);
const status = element("status", HTMLElement);
const banner = element("banner", HTMLElement);

const link = takeLink();
let shownState: ClientState = "signedOut";
let isRenderRequested = false;

const client = new SiteClient({
  connect: io,
  onChange: requestRender,
  onSignedOut: () => showSignedOut("Your session has ended. Sign in again."),
});
const pictures = new Pictures(client);
pictures.onChange(requestRender);
const entrance = connectEntrance({ client, link, onSignedIn: showSignedIn, onSkip: start });
const openAccount = connectAccount({ client, pictures, onLeft: showSignedOut });
new AdminDialog(client, Object.assign({}, ...parts.map(({ auditWords }) => auditWords)));
const views = [
  ...parts.map((part) => part.connect({ client, pictures, requestRender })),
  connectHome(pictures, openAccount),
];
const offlineHints =
  parts.length === 0 ? ["The page connects again by itself."] : parts.flatMap(({ offlineHint }) => offlineHint ?? []);

/** Renders once after all changes of this turn of the event loop. */
function requestRender(): void {
  if (isRenderRequested) return;
  isRenderRequested = true;
  queueMicrotask(() => {
    isRenderRequested = false;
    render();
  });
}

function render(): void {
  const { state, user } = client;
  app.hidden = user === undefined;
  if (!user) return;
  opening.hidden = true;
  element("entrance", HTMLElement).hidden = true;
  if (state !== shownState) showState(state);
  element("me", HTMLElement).textContent = user.name;
  element("admin-open", HTMLButtonElement).hidden = !user.roles.includes("admin");
  for (const view of views) view.render?.(user);
  const unread = views.reduce((sum, view) => sum + (view.unread ?? 0), 0);
  document.title = unread > 0 ? `(${unread}) Causeway` : "Causeway";
}

function showState(state: ClientState): void {
  const words = { signedOut: "", connecting: "Connecting …", online: "Connected", reconnecting: "Reconnecting …" };
  status.textContent = words[state];
  status.dataset.state = state;
  banner.hidden = state !== "reconnecting";
  banner.textContent = banner.hidden ? "" : ["The connection is lost.", ...offlineHints].join(" ");
  rememberSignedIn(true);
  shownState = state;
}

/** Shows a note to the user until they close it. An empty text removes it. */
function showNote(text: string): void {
  element("note-text", HTMLElement).textContent = text;
  element("note", HTMLElement).hidden = text === "";
}

/** Moves the focus from a form that is hidden now to where the user continues. */
function focusScreen(): void {
  views.find(({ focus }) => focus)?.focus?.();
}

/** Shows the page to a user who has signed in, with a note or an empty text. */
function showSignedIn(note: string): void {
  render();
  focusScreen();
  showNote(note);
}

/** Closes everything, and shows the form for signing in with a notice: the user is no longer signed in. */
function showSignedOut(notice: string): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  opening.hidden = true;
  app.hidden = true;
  pictures.clear();
  showNote("");
  shownState = "signedOut";
  document.title = "Causeway";
  rememberSignedIn(false);
  entrance.showLogin(notice);
}

async function restore(): Promise<void> {
  try {
    if (!(await client.restore())) showSignedOut("");
  } catch (error) {
    const refusal = error instanceof RequestError ? error : undefined;
    opening.hidden = false;
    element("opening-text", HTMLElement).textContent = refusal?.message ?? "The page could not be opened.";
    setTimeout(() => void restore(), refusal?.retryAfter === undefined ? RESTORE_AGAIN_MS : refusal.retryAfter * 1000);
  }
}

function start(): void {
  if (wasSignedIn()) void restore();
  else showSignedOut("");
}

onClick("note-close", () => {
  showNote("");
  focusScreen();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  client.wake();
  requestRender();
});
addEventListener("online", () => client.wake());

if (link) {
  opening.hidden = true;
  entrance.showLinked(link.kind);
} else start();

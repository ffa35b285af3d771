import { io } from "socket.io-client";
import { ChatClient, type ClientState, RequestError } from "../client/index.ts";
import { connectAccount } from "./account.ts";
import { connectAdmin } from "./admin.ts";
import { Conversation } from "./chat/conversation.ts";
import { connectReports } from "./chat/reports.ts";
import { RoomList } from "./chat/room-list.ts";
import { doneIn, onDialog, onSubmit, problemOf } from "./forms.ts";
import { connectMailForms, takeLink } from "./mail-forms.ts";
import { Pictures } from "./pictures.ts";
import { element } from "./view.ts";

/**
 * Where the browser remembers that a user is signed in, so that a first visit does not ask for a session that cannot
 * exist. The session itself is in a cookie that no script can read.
 */
const SIGNED_IN = "causeway.signed-in";
/** Milliseconds between two tries to open the chat while the server cannot be reached. */
const OPEN_AGAIN = 3000;

const opening = element("opening", HTMLElement);
const openingText = element("opening-text", HTMLElement);
const entrance = element("entrance", HTMLElement);
const chat = element("chat", HTMLElement);
const loginForm = element("login", HTMLFormElement);
const registerForm = element("register", HTMLFormElement);
const status = element("status", HTMLElement);
const me = element("me", HTMLElement);
const banner = element("banner", HTMLElement);
const noteLine = element("note", HTMLElement);
const announceDialog = element("announce", HTMLDialogElement);
const adminOpen = element("admin-open", HTMLButtonElement);
const announceOpen = element("announce-open", HTMLButtonElement);
const reportsOpen = element("reports-open", HTMLButtonElement);

const link = takeLink();
/** The one-time token of the link with which the first administrator registers. */
let setup = link?.kind === "setup" ? link.token : undefined;
let shownState: ClientState = "signedOut";
let notice = "";

const client = new ChatClient({
  connect: io,
  onChange: () => requestRender(),
  follow: true,
  onSignedOut() {
    notice = "Your session has ended. Sign in again.";
    showEntrance(loginForm);
  },
});
const rooms = new RoomList(client, (room) => conversation.show(room));
const pictures = new Pictures(client);
pictures.onChange(() => requestRender());
const conversation = new Conversation(client, rooms, pictures);
client.on("serverMessage", (announcement) => {
  conversation.announce(announcement);
  requestRender();
});

let rendering = false;
function requestRender(): void {
  if (rendering) return;
  rendering = true;
  queueMicrotask(() => {
    rendering = false;
    render();
  });
}

function render(): void {
  const { state, user } = client;
  chat.hidden = user === undefined;
  if (!user) return;
  opening.hidden = true;
  entrance.hidden = true;
  if (state !== shownState) showState(state);
  me.textContent = user.name;
  announceOpen.hidden = !user.roles.includes("moderator");
  reportsOpen.hidden = announceOpen.hidden;
  adminOpen.hidden = !user.roles.includes("admin");
  conversation.render();
  rooms.render(conversation.active);
  const total = client.rooms.reduce((sum, { unread }) => sum + unread, 0);
  document.title = total > 0 ? `(${total}) Causeway` : "Causeway";
}

function showState(state: ClientState): void {
  const words = { signedOut: "", connecting: "Connecting …", online: "Connected", reconnecting: "Reconnecting …" };
  status.textContent = words[state];
  status.dataset.state = state;
  banner.hidden = state !== "reconnecting";
  banner.textContent =
    state === "reconnecting" ? "The connection is lost. What you write is kept and sent when it is back." : "";
  keep(SIGNED_IN, "yes");
  if (state === "online") conversation.watch();
  shownState = state;
}

function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing forgets it with the page
  }
}

function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

const mailForms = connectMailForms(client, link, (words) => {
  showEntrance(loginForm);
  doneIn(loginForm, words);
});
const doors = [loginForm, registerForm, ...Object.values(mailForms)];

/** Shows a note to the user until they close it; an empty text takes it away. */
function note(words: string): void {
  element("note-text", HTMLElement).textContent = words;
  noteLine.hidden = words === "";
}

/** Shows one form of the entrance, and what is to be said first. */
function showDoor(form: HTMLFormElement): void {
  opening.hidden = true;
  entrance.hidden = false;
  for (const door of doors) door.hidden = door !== form;
  for (const door of [loginForm, mailForms.forgot]) doneIn(door, "");
  problemOf(form, notice);
  notice = "";
  form.querySelector<HTMLElement>("input, button")?.focus();
}

function showEntrance(form: HTMLFormElement): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  chat.hidden = true;
  conversation.forget();
  pictures.clear();
  note("");
  shownState = "signedOut";
  document.title = "Causeway";
  keep(SIGNED_IN, null);
  showDoor(form);
}

/** Moves the focus into the chat after signing in, because the form that had it is hidden. */
function begin(): void {
  render();
  element("text", HTMLTextAreaElement).focus();
}

onSubmit(loginForm, async (values) => {
  await client.login({ email: values("email").trim(), password: values("password") });
  begin();
});
onSubmit(registerForm, async (values) => {
  const person = { name: values("name").trim(), email: values("email").trim(), password: values("password") };
  await client.register(setup === undefined ? person : { ...person, setup });
  setup = undefined;
  begin();
  note(`Open the link in the mail to ${person.email}: it confirms that the address is yours.`);
});
onDialog(announceDialog, async (values) => {
  await client.announce(values("text"));
  return undefined;
});

element("to-register", HTMLButtonElement).addEventListener("click", () => showEntrance(registerForm));
const onEach = (name: string, work: () => void) => {
  for (const button of document.querySelectorAll(`.${name}`)) button.addEventListener("click", work);
};
onEach("to-login", () => showEntrance(loginForm));
onEach("to-forgot", () => showDoor(mailForms.forgot));
element("confirm-onward", HTMLButtonElement).addEventListener("click", () => start());
element("note-close", HTMLButtonElement).addEventListener("click", () => {
  note("");
  element("text", HTMLTextAreaElement).focus();
});
announceOpen.addEventListener("click", () => announceDialog.showModal());
connectAccount(client, pictures, (farewell) => {
  notice = farewell;
  showEntrance(loginForm);
});
connectAdmin(client);
connectReports(client);

const tellAway = () => client.away(document.visibilityState !== "visible");
tellAway(); // a page may be opened behind others
document.addEventListener("visibilitychange", () => {
  tellAway();
  if (document.visibilityState !== "visible") return;
  client.wake();
  requestRender();
});
addEventListener("online", () => client.wake());

async function open(): Promise<void> {
  try {
    if (!(await client.restore())) showEntrance(loginForm);
  } catch (error) {
    opening.hidden = false;
    openingText.textContent = error instanceof RequestError ? error.message : "The chat could not be opened.";
    const seconds = error instanceof RequestError ? error.retryAfter : undefined;
    setTimeout(() => void open(), seconds === undefined ? OPEN_AGAIN : seconds * 1000);
  }
}

function start(): void {
  if (kept(SIGNED_IN) === null) showEntrance(loginForm);
  else void open();
}

const setupNote = element("setup-note", HTMLElement);
setupNote.hidden = setup === undefined;
if (setup !== undefined) showEntrance(registerForm);
else if (link?.kind === "reset") showDoor(mailForms.reset);
else if (link?.kind === "verify") showDoor(mailForms.confirm);
else start();

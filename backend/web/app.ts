import { connectAccount } from "./account.ts";
import { connectAdmin } from "./admin.ts";
import { type Announcement, ChatClient, type ClientState, RequestError } from "./client.ts";
import { doneIn, onDialog, onSubmit, problemOf } from "./forms.ts";
import { connectMailForms, takeLink } from "./links.ts";
import { io } from "./socket.io.ts";
import { element, type Item, showMessages, showRooms } from "./view.ts";

const LOBBY = "lobby";
/** Where the browser remembers the rooms one is in; who one is stands in a cookie that no script can read. */
const ROOMS = "causeway.rooms";
/** And that somebody is signed in at all, so that a first visit does not ask for a session that cannot be there. */
const SIGNED_IN = "causeway.signed-in";
/** Rooms that are joined again when the page opens. */
const ROOMS_MAX = 20;
/** Pixels from the end at which one still counts as reading along. */
const NEAR_END = 80;
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
const roomList = element("rooms", HTMLElement);
const roomName = element("room-name", HTMLElement);
const leaveButton = element("leave", HTMLButtonElement);
const scroller = element("scroller", HTMLElement);
const olderButton = element("older", HTMLButtonElement);
const empty = element("empty", HTMLElement);
const messages = element("messages", HTMLElement);
const newestButton = element("newest", HTMLButtonElement);
const composer = element("composer", HTMLFormElement);
const text = element("text", HTMLTextAreaElement);
const joinDialog = element("join", HTMLDialogElement);
const announceDialog = element("announce", HTMLDialogElement);
const adminOpen = element("admin-open", HTMLButtonElement);
const announceOpen = element("announce-open", HTMLButtonElement);

const link = takeLink();
/** The one-time token of the link with which the first administrator registers. */
let setup = link?.kind === "setup" ? link.token : undefined;
let rooms: string[] = [LOBBY];
let active = LOBBY;
let shownState: ClientState = "signedOut";
let notice = "";
const seen = new Map<string, number>();
let announcements: readonly Announcement[] = [];

const client = new ChatClient({
  connect: io,
  onChange: () => requestRender(),
  onAnnouncement(announcement) {
    announcements = [...announcements, announcement];
    requestRender();
  },
  onSignedOut() {
    notice = "Your session has ended. Sign in again.";
    showEntrance(loginForm);
  },
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
  const entered = user !== undefined;
  chat.hidden = !entered;
  if (!entered) return;
  opening.hidden = true;
  entrance.hidden = true;
  if (state !== shownState) showState(state);
  me.textContent = user.name;
  announceOpen.hidden = !user.roles.includes("moderator");
  adminOpen.hidden = !user.roles.includes("admin");

  const timeline = client.timeline(active);
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
  const items: Item[] = [
    ...(timeline?.messages ?? []).map((message) => ({ kind: "message", message }) as const),
    ...announcements.map((announcement) => ({ kind: "announcement", announcement }) as const),
  ].sort((a, b) => timeOf(a) - timeOf(b));
  for (const pending of client.pending) if (pending.room === active) items.push({ kind: "pending", pending });
  showMessages(messages, items, user.id, {
    retry: (clientId) => client.retry(clientId),
    discard: (clientId) => client.discard(clientId),
  });
  roomName.textContent = active;
  leaveButton.hidden = active === LOBBY;
  olderButton.hidden = !timeline?.hasOlder;
  empty.hidden = items.length > 0 || timeline === undefined;
  if (atEnd) scrollToEnd();
  else newestButton.hidden = !hasUnread(active);
  if (atEnd && document.visibilityState === "visible") markSeen();
  const unread = rooms.map((name) => ({ name, unread: unreadIn(name) }));
  showRooms(roomList, unread, active, choose);
  const total = unread.reduce((sum, room) => sum + room.unread, 0);
  document.title = total > 0 ? `(${total}) Causeway` : "Causeway";
}

function timeOf(item: Item): number {
  if (item.kind === "message") return item.message.at;
  return item.kind === "announcement" ? item.announcement.at : item.pending.at;
}

function showState(state: ClientState): void {
  const words = { signedOut: "", connecting: "Connecting …", online: "Connected", reconnecting: "Reconnecting …" };
  status.textContent = words[state];
  status.dataset.state = state;
  banner.hidden = state !== "reconnecting";
  banner.textContent =
    state === "reconnecting" ? "The connection is lost. What you write is kept and sent when it is back." : "";
  keep(SIGNED_IN, "yes");
  if (state === "online" && shownState !== "online") for (const room of rooms) void enter(room);
  shownState = state;
}

async function enter(room: string): Promise<void> {
  if (client.timeline(room)) return; // the client comes back to it by itself
  try {
    await client.join(room);
    seen.set(room, client.timeline(room)?.position?.cursor ?? 0);
    if (room === active) scrollToEnd();
  } catch (error) {
    if (error instanceof RequestError && error.code !== "OFFLINE") forget(room);
  }
}

function hasUnread(room: string): boolean {
  return unreadIn(room) > 0;
}

function unreadIn(room: string): number {
  const last = seen.get(room);
  const own = client.user?.id;
  if (last === undefined) return 0;
  return client.timeline(room)?.messages.filter(({ seq, author }) => seq > last && author.id !== own).length ?? 0;
}

function markSeen(): void {
  const cursor = client.timeline(active)?.position?.cursor;
  if (cursor !== undefined) seen.set(active, cursor);
}

function scrollToEnd(): void {
  scroller.scrollTop = scroller.scrollHeight;
  newestButton.hidden = true;
}

function choose(room: string): void {
  active = room;
  render();
  scrollToEnd();
  markSeen();
  render();
  text.focus();
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

function recall(): string[] {
  try {
    const names: unknown = JSON.parse(kept(ROOMS) ?? "[]");
    const texts = Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
    return [...new Set([LOBBY, ...texts])].slice(0, ROOMS_MAX);
  } catch {
    return [LOBBY];
  }
}

function forget(room: string): void {
  rooms = rooms.filter((name) => name === LOBBY || name !== room);
  seen.delete(room);
  if (active === room) active = LOBBY;
  keep(ROOMS, JSON.stringify(rooms));
  requestRender();
}

const mailForms = connectMailForms(client, link, (words) => {
  showEntrance(loginForm);
  doneIn(loginForm, words);
});
const doors = [loginForm, registerForm, ...Object.values(mailForms)];

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
  announcements = [];
  seen.clear();
  active = LOBBY;
  shownState = "signedOut";
  document.title = "Causeway";
  keep(SIGNED_IN, null);
  showDoor(form);
}

onSubmit(loginForm, (values) => client.login({ email: values("email").trim(), password: values("password") }));
onSubmit(registerForm, async (values) => {
  const person = { name: values("name").trim(), email: values("email").trim(), password: values("password") };
  await client.register(setup === undefined ? person : { ...person, setup });
  setup = undefined;
  const text = `Open the link in the mail to ${person.email}: it confirms that the address is yours.`;
  announcements = [...announcements, { text, at: Date.now() }];
  requestRender();
});
onDialog(joinDialog, async (values) => {
  const room = await client.join(values("room").trim());
  if (!rooms.includes(room)) rooms = [...rooms, room];
  keep(ROOMS, JSON.stringify(rooms));
  return () => choose(room);
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
element("join-open", HTMLButtonElement).addEventListener("click", () => joinDialog.showModal());
announceOpen.addEventListener("click", () => announceDialog.showModal());
connectAccount(client, (farewell) => {
  notice = farewell;
  showEntrance(loginForm);
});
connectAdmin(client);

leaveButton.addEventListener("click", () => {
  const room = active;
  forget(room);
  client.leave(room).catch(() => undefined); // without a connection there is nothing to leave
  choose(LOBBY);
});

olderButton.addEventListener("click", async () => {
  const fromEnd = scroller.scrollHeight - scroller.scrollTop;
  olderButton.disabled = true;
  await client.older(active).catch(() => undefined); // the button stays, to be tried again
  olderButton.disabled = false;
  render();
  scroller.scrollTop = scroller.scrollHeight - fromEnd;
});

newestButton.addEventListener("click", () => {
  scrollToEnd();
  markSeen();
  requestRender();
});

scroller.addEventListener("scroll", () => {
  if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END && hasUnread(active)) {
    markSeen();
    newestButton.hidden = true;
    requestRender();
  }
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value.trim() === "") return;
  client.send(active, text.value);
  text.value = "";
  render();
  scrollToEnd();
  text.focus();
});

text.addEventListener("keydown", (event) => {
  // while an input method composes, Enter chooses a character
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("visibilitychange", () => {
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

rooms = recall();
const setupNote = element("setup-note", HTMLElement);
setupNote.hidden = setup === undefined;
if (setup !== undefined) showEntrance(registerForm);
else if (link?.kind === "reset") showDoor(mailForms.reset);
else if (link?.kind === "verify") showDoor(mailForms.confirm);
else start();

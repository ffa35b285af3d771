import { type ChatClient, RequestError, type SessionInfo } from "../client/index.ts";
import { doneIn, onSubmit, problemOf } from "./forms.ts";
import { connectOwnPicture } from "./own-picture.ts";
import type { Pictures } from "./pictures.ts";
import { element, listItem, when } from "./view.ts";

/**
 * Makes the account dialog work: signing out, name, e-mail address, password, sessions, removal. `onLeft` says
 * farewell, in words or silently.
 */
export function connectAccount(client: ChatClient, pictures: Pictures, onLeft: (farewell: string) => void): void {
  const dialog = element("account", HTMLDialogElement);
  const rename = element("rename", HTMLFormElement);
  const password = element("password", HTMLFormElement);
  const remove = element("remove", HTMLFormElement);
  const name = element("rename-name", HTMLInputElement);
  const address = element("address", HTMLFormElement);
  const showPicture = connectOwnPicture(client, pictures);
  const email = element("account-email", HTMLElement);
  const unverified = element("unverified", HTMLElement);
  const resend = element("resend", HTMLButtonElement);
  const resent = element("resent", HTMLElement);
  const sessions = element("sessions", HTMLElement);
  const problem = element("sessions-problem", HTMLElement);

  /** The address as it stands now: it may have been confirmed or changed by a link in another window. */
  async function showAddress(): Promise<void> {
    // without a connection, the user as of the latest sign-in or renewal is shown
    const user = await client.request("GET /api/users/me", {}).catch(() => client.user);
    email.textContent = user?.email ?? "";
    unverified.hidden = user?.verified !== false;
    resend.hidden = false;
    resent.textContent = "";
  }

  async function showSessions(): Promise<void> {
    try {
      const list = await client.request("GET /api/auth/sessions", {});
      problem.hidden = true;
      sessions.replaceChildren(...list.sessions.toReversed().map((session) => sessionLine(session, end)));
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof RequestError ? error.message : "The sessions could not be loaded.";
    }
  }

  async function end(sid: string): Promise<void> {
    // a failure needs no message: the list still shows the session
    await client.request("POST /api/auth/sessions/end", { sid }).catch(() => undefined);
    await showSessions();
  }

  element("account-open", HTMLButtonElement).addEventListener("click", () => {
    name.value = client.user?.name ?? "";
    email.textContent = client.user?.email ?? "";
    for (const form of [rename, address, password]) doneIn(form, "");
    unverified.hidden = true;
    showPicture();
    void showAddress();
    void showSessions();
    dialog.showModal();
  });
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());

  onSubmit(rename, async (values) => {
    await client.rename(values("name").trim());
    name.defaultValue = client.user?.name ?? "";
    doneIn(rename, "Your name is changed.");
  });
  resend.addEventListener("click", async () => {
    try {
      await client.request("POST /api/auth/request-verification", {});
      resent.textContent = "A new link is on its way. It is good for a day.";
      resend.hidden = true;
    } catch (error) {
      resent.textContent = notSent(error);
    }
  });
  onSubmit(address, async (values) => {
    await client.request("POST /api/auth/change-email", {
      email: values("email").trim(),
      password: values("password"),
    });
    doneIn(address, "A link is on its way to the new address. The address changes when it is opened.");
  });
  onSubmit(password, async (values) => {
    const change = { password: values("password"), newPassword: values("newPassword") };
    await client.request("POST /api/auth/password", change);
    doneIn(password, "Your password is changed.");
    await showSessions();
  });
  onSubmit(remove, async (values) => {
    await client.removeAccount(values("password"));
    onLeft("Your account has been removed.");
  });

  const logoutProblem = element("logout-problem", HTMLElement);
  element("logout", HTMLButtonElement).addEventListener("click", async () => {
    try {
      await client.logout();
      onLeft("");
    } catch {
      logoutProblem.hidden = false;
      logoutProblem.textContent =
        "You are still signed in: the server could not be told. Try again when the connection is back.";
    }
  });
  dialog.addEventListener("close", () => {
    logoutProblem.hidden = true;
    for (const form of [address, password, remove]) form.reset();
    for (const form of [rename, address, password, remove]) problemOf(form, "");
  });
}

function notSent(error: unknown): string {
  if (!(error instanceof RequestError)) return "That did not work.";
  if (error.status !== 429) return error.message;
  return `A link was sent a short time ago. Look for it, or ask again in ${error.retryAfter ?? 60} seconds.`;
}

function sessionLine(session: SessionInfo, end: (sid: string) => Promise<void>): HTMLElement {
  const { sid, current, agent, address, usedAt } = session;
  const row = listItem(
    current ? "This one" : deviceOf(agent),
    `${address ?? "unknown address"}, last used ${when(usedAt)}`,
  );
  if (current) return row;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "End";
  button.setAttribute("aria-label", `End the session on ${deviceOf(agent)}`);
  button.addEventListener("click", () => void end(sid));
  row.append(button);
  return row;
}

/** What most people call it; the whole text would tell them less. */
function deviceOf(agent: string | null): string {
  if (agent === null) return "Unknown device";
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"].find((name) => agent.includes(name));
  const names: Readonly<Record<string, string>> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "Mac" };
  if (browser === undefined) return agent.slice(0, 60);
  return `${names[browser] ?? browser}${system === undefined ? "" : ` on ${names[system] ?? system}`}`;
}

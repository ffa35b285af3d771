import { type AuditRecord, type ChatClient, type Listed, RequestError } from "../client/index.ts";
import { element, listItem, when } from "./view.ts";

/** The roles as the list offers them; what they may do the server decides. */
const ROLES = ["user", "moderator", "admin"];

const WORDS: Readonly<Record<AuditRecord["action"], string>> = {
  "user.registered": "registered",
  "login.succeeded": "signed in",
  "login.failed": "failed to sign in",
  "session.ended": "ended a session",
  "session.reused": "had a refresh token used twice; the session was ended",
  "profile.changed": "changed the name",
  "email.changed": "has another e-mail address",
  "email.verified": "confirmed the e-mail address",
  "verification.requested": "asked for a link to confirm an e-mail address",
  "password.changed": "changed the password",
  "password.reset": "chose a new password by a link",
  "reset.requested": "was sent a link to a new password",
  "role.changed": "has another role",
  "user.disabled": "was disabled",
  "user.enabled": "was enabled",
  "user.removed": "removed the account",
  "member.role": "has another role in a room",
  "member.muted": "was muted in a room",
  "member.unmuted": "may write in a room again",
  "member.kicked": "was put out of a room",
  "member.banned": "was banned from a room",
  "member.unbanned": "may join a room again",
  "message.removed": "had a message removed from a room",
  "report.upheld": "was reported; the message was removed",
  "report.dismissed": "was reported; the message stays",
};

/** Makes the administration work: users with their roles, and the audit log. */
export function connectAdmin(client: ChatClient): void {
  const dialog = element("admin", HTMLDialogElement);
  const problem = element("admin-problem", HTMLElement);
  const userList = element("users", HTMLElement);
  const usersMore = element("users-more", HTMLButtonElement);
  const auditList = element("audit", HTMLElement);
  const auditMore = element("audit-more", HTMLButtonElement);
  const users = new Map<string, Listed>();
  let records: readonly AuditRecord[] = [];

  /** Does something and says what went wrong, if it did. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      problem.hidden = true;
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof RequestError ? error.message : "That did not work.";
    }
  }

  async function loadUsers(after?: string): Promise<void> {
    const page = await client.request("GET /api/admin/users", after === undefined ? {} : { after });
    if (after === undefined) users.clear();
    for (const user of page.users) users.set(user.id, user);
    usersMore.hidden = !page.more;
    showUsers();
  }

  async function loadAudit(before?: string): Promise<void> {
    const page = await client.request("GET /api/admin/audit", before === undefined ? {} : { before });
    records = before === undefined ? page.records : [...records, ...page.records];
    auditMore.hidden = !page.more;
    auditList.replaceChildren(...records.map(auditLine));
  }

  function showUsers(): void {
    userList.replaceChildren(...[...users.values()].map(userLine));
  }

  async function change(work: () => Promise<Listed>): Promise<void> {
    await attempt(async () => {
      const user = await work();
      users.set(user.id, user);
      await loadAudit();
    });
    showUsers();
  }

  function userLine(user: Listed): HTMLElement {
    const { id, name, email, verified, roles, disabledAt } = user;
    const row = listItem(name, `${email}${verified ? "" : ", not confirmed"}`);
    if (disabledAt !== null) {
      const mark = document.createElement("span");
      mark.className = "off";
      mark.textContent = "disabled";
      row.append(mark);
    }
    if (id === client.user?.id) return row;
    const actions = document.createElement("span");
    actions.className = "actions";
    const select = document.createElement("select");
    select.setAttribute("aria-label", `Role of ${name}`);
    for (const role of ROLES) select.add(new Option(role, role, false, role === roles.at(-1)));
    select.addEventListener("change", () => {
      void change(() => client.request("POST /api/admin/users/role", { id, role: select.value }));
    });
    const button = document.createElement("button");
    button.type = "button";
    button.className = disabledAt === null ? "danger" : "quiet";
    button.textContent = disabledAt === null ? "Disable" : "Enable";
    button.setAttribute("aria-label", `${button.textContent} ${name}`);
    button.addEventListener("click", () => {
      const endpoint = disabledAt === null ? "POST /api/admin/users/disable" : "POST /api/admin/users/enable";
      void change(() => client.request(endpoint, { id }));
    });
    actions.append(select, button);
    row.append(actions);
    return row;
  }

  function auditLine({ action, actorId, subjectId, address, detail, at }: AuditRecord): HTMLElement {
    const who = users.get(subjectId)?.name ?? "Somebody";
    const by = actorId === null || actorId === subjectId ? "" : `, by ${users.get(actorId)?.name ?? "somebody"}`;
    const more = detail === null ? "" : ` (${detail})`;
    return listItem(`${who} ${WORDS[action]}${more}${by}`, `${when(at)}${address === null ? "" : ` from ${address}`}`);
  }

  element("admin-open", HTMLButtonElement).addEventListener("click", () => {
    dialog.showModal();
    void attempt(async () => {
      await loadUsers();
      await loadAudit();
    });
  });
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());
  usersMore.addEventListener("click", () => void attempt(() => loadUsers([...users.keys()].at(-1))));
  auditMore.addEventListener("click", () => void attempt(() => loadAudit(records.at(-1)?.id)));
}

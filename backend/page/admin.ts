import type { AuditRecord, ListedAccount, SiteClient } from "../client/index.ts";
import { ROLES } from "../surface/roles.ts";
import { AUDIT_WORDS } from "./audit-words.ts";
import { connectClose } from "./forms.ts";
import { attempt, button, element, formatMoment, listItem, onClick } from "./view.ts";

/** The dialog for admins: users with their roles, and the audit log. */
export class AdminDialog {
  readonly #client: SiteClient;
  readonly #words: Readonly<Record<string, string>>;
  readonly #problem = element("admin-problem", HTMLElement);
  readonly #userList = element("users", HTMLElement);
  readonly #moreUsers = element("users-more", HTMLButtonElement);
  readonly #auditList = element("audit", HTMLElement);
  readonly #moreAudit = element("audit-more", HTMLButtonElement);
  /** Users that were read, by id; the audit log shows their names. */
  readonly #users = new Map<string, ListedAccount>();
  #records: readonly AuditRecord[] = [];

  /** `auditWords` are those of the page's parts. */
  constructor(client: SiteClient, auditWords: Readonly<Record<string, string>>) {
    this.#client = client;
    this.#words = { ...AUDIT_WORDS, ...auditWords };
    const dialog = element("admin", HTMLDialogElement);
    connectClose(dialog);
    onClick("admin-open", () => {
      dialog.showModal();
      void this.#attempt(async () => {
        await this.#loadUsers();
        await this.#loadAudit();
      });
    });
    this.#moreUsers.addEventListener("click", () => {
      void this.#attempt(() => this.#loadUsers([...this.#users.keys()].at(-1)));
    });
    this.#moreAudit.addEventListener("click", () => {
      void this.#attempt(() => this.#loadAudit(this.#records.at(-1)?.id));
    });
  }

  #attempt(work: () => Promise<void>): Promise<boolean> {
    return attempt(this.#problem, work);
  }

  async #loadUsers(after?: string): Promise<void> {
    const page = await this.#client.request("GET /api/admin/users", after === undefined ? {} : { after });
    if (after === undefined) this.#users.clear();
    for (const user of page.users) this.#users.set(user.id, user);
    this.#moreUsers.hidden = !page.more;
    this.#showUsers();
  }

  async #loadAudit(before?: string): Promise<void> {
    const page = await this.#client.request("GET /api/admin/audit", before === undefined ? {} : { before });
    this.#records = before === undefined ? page.records : [...this.#records, ...page.records];
    this.#moreAudit.hidden = !page.more;
    this.#auditList.replaceChildren(...this.#records.map((record) => this.#auditItem(record)));
  }

  #showUsers(): void {
    this.#userList.replaceChildren(...[...this.#users.values()].map((user) => this.#userItem(user)));
  }

  /** Changes a user. When that fails, the list shows the user as before. */
  async #change(work: () => Promise<ListedAccount>): Promise<void> {
    await this.#attempt(async () => {
      const user = await work();
      this.#users.set(user.id, user);
      await this.#loadAudit();
    });
    this.#showUsers();
  }

  #userItem(user: ListedAccount): HTMLElement {
    const { id, name, email, verified, disabledAt } = user;
    const item = listItem(name, `${email}${verified ? "" : ", not confirmed"}`);
    if (disabledAt !== null) {
      const mark = document.createElement("span");
      mark.className = "off";
      mark.textContent = "disabled";
      item.append(mark);
    }
    if (id === this.#client.user?.id) return item;
    const actions = document.createElement("span");
    actions.className = "actions";
    actions.append(this.#roleChoice(user), this.#disableButton(user));
    item.append(actions);
    return item;
  }

  #roleChoice({ id, name, roles }: ListedAccount): HTMLElement {
    const select = document.createElement("select");
    select.setAttribute("aria-label", `Role of ${name}`);
    for (const role of ROLES) select.add(new Option(role, role, false, role === roles.at(-1)));
    select.addEventListener("change", () => {
      void this.#change(() => this.#client.request("POST /api/admin/users/role", { id, role: select.value }));
    });
    return select;
  }

  #disableButton({ id, name, disabledAt }: ListedAccount): HTMLElement {
    const isEnabled = disabledAt === null;
    const endpoint = isEnabled ? "POST /api/admin/users/disable" : "POST /api/admin/users/enable";
    const change = () => void this.#change(() => this.#client.request(endpoint, { id }));
    const text = isEnabled ? "Disable" : "Enable";
    return button(text, isEnabled ? "danger" : "quiet", change, `${text} ${name}`);
  }

  #auditItem({ action, actorId, subjectId, address, detail, at }: AuditRecord): HTMLElement {
    const who = this.#users.get(subjectId)?.name ?? "A user";
    const by = actorId === null || actorId === subjectId ? "" : `, by ${this.#users.get(actorId)?.name ?? "a user"}`;
    const more = detail === null ? "" : ` (${detail})`;
    const words = this.#words[action] ?? action;
    return listItem(`${who} ${words}${more}${by}`, `${formatMoment(at)}${address === null ? "" : ` from ${address}`}`);
  }
}

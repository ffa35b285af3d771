// `npm run user -- list` and `npm run user -- role EMAIL ROLE`: for whoever runs the backend, beside it while it runs or without it.
import { readConfig } from "../backend/config.ts";
import { emailAddress } from "../backend/domain/email.ts";
import { openStore, type Store } from "../backend/store/index.ts";
import { ROLES } from "../backend/surface.ts";

const USAGE = `npm run user -- list                 shows the users
npm run user -- role EMAIL ROLE      sets a role: ${ROLES.join(", ")}`;

/** Users that a list shows; more than a terminal can. */
const LIST_MAX = 10_000;

async function list(store: Store): Promise<string> {
  const users = await store.users.list(LIST_MAX);
  if (users.length === 0) return "There are no users yet.";
  const rows = users.map(({ email, role, createdAt, name }) => [email, role, new Date(createdAt).toISOString(), name]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

async function setRole(store: Store, email: string, role: string): Promise<string> {
  const known = ROLES.find((one) => one === role);
  if (!known) throw new Error(`${role} is no role; the roles are ${ROLES.join(", ")}.`);
  const address = emailAddress(email);
  const user = address.ok ? await store.users.findByEmail(address.value) : undefined;
  if (!user) throw new Error(`Nobody is registered with the e-mail address ${email}.`);
  await store.users.setRole(user.id, known);
  const facts = { actorId: null, subjectId: user.id, address: null, detail: `${user.role} to ${known}` };
  await store.audit.record({ at: Date.now(), action: "role.changed", ...facts });
  return `${user.email} has the role ${known} now. Requests and open sockets count it within a second.`;
}

const [command, ...args] = process.argv.slice(2);
try {
  const store = await openStore(readConfig(process.env));
  try {
    if (command === "list" && args.length === 0) console.log(await list(store));
    else if (command === "role" && args.length === 2) console.log(await setRole(store, args[0] ?? "", args[1] ?? ""));
    else throw new Error(USAGE);
  } finally {
    await store.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

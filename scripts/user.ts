import type { Database } from "../backend/store/index.ts";
import { ROLES } from "../backend/surface.ts";
import {
  alignColumns,
  argument,
  CommandError,
  command,
  commandGroup,
  oneOf,
  runCommand,
} from "./command-line/index.ts";
import { DATABASE_VARIABLES, openExistingDatabase } from "./database/existing-database.ts";

const MAX_LISTED_USERS = 10_000;

await runCommand(
  commandGroup({
    name: "user",
    summary: "Shows users and sets their roles, while the backend runs or without it.",
    commands: [
      command({
        name: "list",
        summary: "Shows the users: e-mail address, role, time of registration, name.",
        environment: DATABASE_VARIABLES,
        examples: [""],
        run: () => withDatabase(listUsers),
      }),
      command({
        name: "role",
        summary: "Sets the role of a user. Requests and open sockets count it within a second.",
        arguments: {
          email: argument("the user's e-mail address"),
          role: argument(`the new role: ${ROLES.join(", ")}`, oneOf(ROLES)),
        },
        environment: DATABASE_VARIABLES,
        examples: ["ada@example.org admin"],
        run: ({ args: { email, role } }) => withDatabase((database) => setRole(database, email, role)),
      }),
    ],
  }),
);

async function withDatabase(use: (database: Database) => Promise<string>): Promise<void> {
  const database = await openExistingDatabase(process.env);
  try {
    console.log(await use(database));
  } finally {
    await database.close();
  }
}

async function listUsers(database: Database): Promise<string> {
  const { usersStore } = await import("../backend/users/index.ts");
  const store = database.open(usersStore);
  const users = await store.users.list(MAX_LISTED_USERS);
  if (users.length === 0) return "There are no users yet.";
  const rows = users.map(({ email, role, createdAt, name }) => [email, role, new Date(createdAt).toISOString(), name]);
  return alignColumns(rows).join("\n");
}

async function setRole(database: Database, email: string, role: (typeof ROLES)[number]): Promise<string> {
  const { usersStore } = await import("../backend/users/index.ts");
  const store = database.open(usersStore);
  const { checkEmailAddress } = await import("../backend/text/email.ts");
  const address = checkEmailAddress(email);
  const user = address.ok ? await store.users.findByEmail(address.value) : undefined;
  if (!user) {
    throw new CommandError(`no user has the e-mail address ${email}. \`npm run user -- list\` shows the users.`);
  }
  const at = database.clock.now();
  const before = await store.users.changeRole(user.id, role, at);
  if (before === "last-admin") {
    throw new CommandError(
      `${user.email} is the last administrator who can sign in, and keeps the role. Make another user an ` +
        "administrator first.",
    );
  }
  const facts = { actorId: null, subjectId: user.id, address: null, detail: `${before} to ${role}` };
  await store.audit.record({ at, action: "role.changed", ...facts });
  return `${user.email} has the role ${role} now. Requests and open sockets count it within a second.`;
}

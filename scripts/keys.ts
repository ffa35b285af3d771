import { command, commandGroup, runCommand } from "./command-line/index.ts";
import { DATABASE_VARIABLES, openExistingDatabase } from "./database/existing-database.ts";

await runCommand(
  commandGroup({
    name: "keys",
    summary: "Changes the keys of the backend, while it runs.",
    commands: [
      command({
        name: "rotate",
        summary: "Makes a new key for access tokens. No user is signed out.",
        environment: DATABASE_VARIABLES,
        examples: [""],
        run: rotate,
      }),
    ],
  }),
);

async function rotate(): Promise<void> {
  const { generateSigningKey, KEY_DELAY_MS, KEY_OVERLAP_MS } = await import("../backend/auth/index.ts");
  const database = await openExistingDatabase(process.env);
  try {
    await database.keys.rotate("access", generateSigningKey(), database.clock.now());
  } finally {
    await database.close();
  }
  console.log(
    `A new key signs access tokens in ${KEY_DELAY_MS / 1000} s. The old key is trusted for ` +
      `${Math.ceil(KEY_OVERLAP_MS / 60_000)} more minutes.`,
  );
}

import { argument, CommandError, command, endSignal, runCommand } from "./command-line/index.ts";

await runCommand(
  command({
    name: "backup",
    summary: "Copies the embedded database into one new file, while the backend runs.",
    details:
      "The file holds keys and password hashes: keep it as safe as the original. What is in PostgreSQL is copied " +
      "with pg_dump.",
    arguments: { file: argument("the file to write; it must not exist yet") },
    environment: { DATA_DIR: "folder of the database (.data)" },
    examples: ["chat-2026-11-29.db"],
    async run({ args: { file } }) {
      const { readBackendConfig } = await import("./database/backend-config.ts");
      const { backUp } = await import("../backend/store/backup.ts");
      const { dataDir, databaseUrl } = readBackendConfig(process.env);
      if (databaseUrl !== undefined) {
        throw new CommandError("The data is in PostgreSQL (DATABASE_URL is set): back it up with pg_dump.");
      }
      await backUp(dataDir, file, endSignal());
      console.log(
        `The database is copied to ${file}. It holds keys and password hashes: keep it as safe as the original.`,
      );
    },
  }),
);

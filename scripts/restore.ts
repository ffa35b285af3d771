import { dirname, resolve } from "node:path";
import { argument, CommandError, command, flag, runCommand } from "./command-line/index.ts";

await runCommand(
  command({
    name: "restore",
    summary: "Puts a backup in the place of the embedded database. Stop the backend first.",
    details: "The database that was there is kept beside it. Every user has to sign in again.",
    arguments: { file: argument("a file that `npm run backup` has written") },
    options: { isNew: flag("--new", "for a folder that has no database yet, as on a new server") },
    environment: {
      DATA_DIR: "folder of the database (.data)",
      UNUSED_FEATURES: "features that the program does not have any more and the backup has (none)",
    },
    examples: ["chat-2026-11-29.db"],
    async run({ args: { file }, options: { isNew } }) {
      const { readBackendConfig } = await import("./database/backend-config.ts");
      const { restore } = await import("../backend/store/backup.ts");
      const { loadFeatures } = await import("../backend/modules.ts");
      const { refuseDatabase, requireDatabase } = await import("./database/existing-database.ts");
      const { dataDir, databaseUrl, unusedFeatures } = readBackendConfig(process.env);
      if (databaseUrl !== undefined) {
        throw new CommandError("The data is in PostgreSQL (DATABASE_URL is set): restore it with pg_restore.");
      }
      if (isNew) refuseDatabase(dataDir, "To put the backup in its place, leave out --new.");
      // a file beside the database is one that a backend saved when it lost its own: this is its folder
      else if (dirname(resolve(file)) !== dataDir)
        requireDatabase(dataDir, "To restore into a folder without a database, add --new.");
      const { kept } = restore(dataDir, file, await loadFeatures(), unusedFeatures);
      console.log(
        `The database is the one of ${file} now.${kept === undefined ? "" : ` The old one is kept as ${kept}.`}`,
      );
    },
  }),
);

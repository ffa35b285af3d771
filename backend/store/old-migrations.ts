/**
 * The names of migrations until 2026-12, which had no feature's name, and the migrations of today that do the same. A
 * database that has recorded an old name gets the new ones in place of it (`appliedMigrations`). This list never
 * changes.
 */
export const OLD_MIGRATIONS: Readonly<Record<string, readonly string[]>> = {
  "0001_road": ["store_0001_keys", "users_0001_users", "auth_0001_sessions", "chat_0001_rooms"],
  "0002_accounts": ["users_0002_audit", "auth_0002_devices"],
  "0003_mail": ["users_0003_mail", "auth_0003_ended"],
  "0004_read_marks": ["chat_0002_read_marks"],
  "0005_rooms": ["chat_0003_members"],
  "0006_locks": ["store_0002_locks"],
  "0007_name_keys": ["users_0004_name_keys", "chat_0004_name_keys"],
  "0008_stored_bytes": ["chat_0005_stored_bytes"],
  "0009_throttles": ["store_0003_throttles"],
  "0010_append": ["chat_0006_append"],
  // created a function that no program uses any more
  "0011_enter": [],
  "0012_enter_rooms": ["chat_0007_enter_rooms"],
};

/** What the audit log says after a user's name, for the actions of the chat. */
export const CHAT_AUDIT_WORDS: Readonly<Record<string, string>> = {
  "member.role": "has another role in a room",
  "member.muted": "was muted in a room",
  "member.unmuted": "may write in a room again",
  "member.kicked": "was removed from a room",
  "member.banned": "was banned from a room",
  "member.unbanned": "may join a room again",
  "message.removed": "had a message removed from a room",
  "report.upheld": "was reported; the message was removed",
  "report.dismissed": "was reported; the message stays",
};

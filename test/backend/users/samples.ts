import { newMailToken } from "../../../backend/users/mail-token.ts";
import { pictureHash, readPicture } from "../../../backend/users/picture.ts";
import { type FeatureSamples, fresh } from "../sample-values.ts";
import { png } from "./picture-samples.ts";

export const samples: FeatureSamples = {
  values(person, target, action) {
    const isNew = action === "users.register" || action === "users.changeEmail";
    return {
      email: isNew ? `fresh${fresh()}@example.org` : person.email,
      password: person.password,
      newPassword: `${person.password} anew`,
      id: target.id,
      role: "user",
      name: `Fresh ${fresh()}`,
    };
  },

  async prepare(store, action, person, target) {
    if (action === "users.picture") {
      const read = readPicture(png());
      if (!read.ok) throw new Error(read.code);
      const hash = pictureHash(target.id, read.value);
      await store.pictures.set(target.id, hash, read.value, Date.now());
      return { hash };
    }
    const purpose = action === "users.resetPassword" ? "reset" : "verify";
    const hasLink = purpose === "reset" || action === "users.verifyEmail";
    if (!hasLink && action !== "users.requestVerification") return {};
    await store.mailTokens.forget(person.id); // one was sent a moment ago
    if (!hasLink) return {};
    const { token, hash } = newMailToken();
    const link = { userId: person.id, purpose, email: person.email, hash, expiresAt: Date.now() + 60_000 } as const;
    await store.mailTokens.issue(link, Date.now());
    return { token };
  },

  bodies: { "users.setPicture": { type: "image/png", bytes: png() } },

  refused: {
    EMAIL_MALFORMED: "\u00e1d\u00e1@example.org",
    EMAIL_RESERVED: "ada@mail.invalid",
    PASSWORD_SHORT: "e\u0301".repeat(7),
    PASSWORD_LONG: "abc".repeat(43),
    PASSWORD_COMMON: "password123",
    PASSWORD_PERSONAL: ({ email }, person) => email ?? person.email,
  },
};

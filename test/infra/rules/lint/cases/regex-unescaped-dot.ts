import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches "^www.example.com$"', finds: ['"^www.example.com$"'] },
  { expression: 'http.request.uri.path matches "/wp-login.php"', finds: ['"/wp-login.php"'] },
  {
    expression:
      'http.host matches "^www\\.example\\.com$" and http.request.uri.path matches "^/a.*b" and http.host matches "[a.com]"',
    finds: [],
  },
];

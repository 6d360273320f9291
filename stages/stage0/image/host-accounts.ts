/** The first id of ordinary users on every current distribution (UID_MIN in login.defs); 65534 is nobody. */
const FIRST_USER_ID = 1000;
const NOBODY = 65534;

/** The host's system accounts, without passwords, whatever the second field contains. */
export function publicPasswd(text: string): string {
  return joined(systemRows(text, 7).map((fields) => [fields[0], 'x', ...fields.slice(2)]));
}

/** The host's system groups, with only the members that `publicPasswd` keeps. */
export function publicGroup(text: string, passwd: string): string {
  const known = new Set(systemRows(passwd, 7).map((fields) => fields[0]));
  return joined(
    systemRows(text, 4).map(([name, , gid, members]) => {
      const kept = (members ?? '').split(',').filter((member) => known.has(member));
      return [name, 'x', gid, kept.join(',')];
    }),
  );
}

function systemRows(text: string, width: number): string[][] {
  const rows = text.split('\n').map((line) => line.split(':'));
  return rows.filter((fields) => fields.length === width && isSystemId(fields[2]!));
}

function isSystemId(id: string): boolean {
  return /^[0-9]+$/.test(id) && (Number(id) < FIRST_USER_ID || Number(id) === NOBODY);
}

function joined(rows: readonly (readonly (string | undefined)[])[]): string {
  return rows.map((fields) => `${fields.join(':')}\n`).join('');
}

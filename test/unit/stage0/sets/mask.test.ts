import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mask } from '../../../../stages/stage0/sets/mask.ts';

test('values whose name tells that they are secret are not shown, only that they differ', () => {
  const before = { apps: [{ env: { DB_PASSWORD: 'one', API_TOKEN: 'same', PORT: '80', AUTHOR: 'me' } }] };
  const after = { apps: [{ env: { DB_PASSWORD: 'two', API_TOKEN: 'same', PORT: '81', AUTHOR: 'me' } }] };
  assert.deepEqual(mask(before, after, 'before'), {
    apps: [{ env: { DB_PASSWORD: '*** (before)', API_TOKEN: '***', PORT: '80', AUTHOR: 'me' } }],
  });
  assert.deepEqual(mask(after, before, 'after'), {
    apps: [{ env: { DB_PASSWORD: '*** (after)', API_TOKEN: '***', PORT: '81', AUTHOR: 'me' } }],
  });
});

test('files that hold keys are not shown', () => {
  const files = { 'tls.key': 'KEY', 'conf/.env': 'A=b', 'app.conf': 'listen 80' };
  assert.deepEqual(mask({ files }, undefined, 'after'), {
    files: { 'tls.key': '***', 'conf/.env': '***', 'app.conf': 'listen 80' },
  });
});

test('passwords in URLs, in texts and behind options are not shown', () => {
  const exec = ['/run', '--url=postgres://me:hunter2@db/x', '--password', 'hunter2', '--token=hunter2', 'plain'];
  const files = { 'app.conf': 'password = "hunter2"\nport = 80\n' };
  const masked = JSON.stringify(mask({ exec, files }, undefined, 'after'));
  assert.doesNotMatch(masked, /hunter2/);
  assert.match(masked, /postgres:\/\/me:\*\*\*@db\/x/);
  assert.match(masked, /plain/);
  assert.match(masked, /port = 80/);
});

test('only what a person named is judged by its name', () => {
  assert.deepEqual(mask({ token: 'x', workingDirectory: '/secret' }, undefined, 'after'), {
    token: 'x',
    workingDirectory: '/secret',
  });
});

test('keys, tokens and logins of every kind are not shown; what only sounds like them is', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2-hunter2';
  const pem = '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n';
  const env = {
    SIGNING_KEY: 'hunter2',
    STRIPE_KEY: 'hunter2',
    KEY: 'hunter2',
    DB_PASS: 'hunter2',
    DATABASE_DSN: 'hunter2',
    JWT: 'hunter2',
    SESSION: jwt,
    CERT: pem,
  };
  const exec = [
    'curl',
    '-u',
    'me:hunter2',
    '-H',
    'Authorization: Bearer hunter2-hunter2',
    '-d',
    'pwd=hunter2',
    'passphrase: hunter2',
  ];
  const files = { 'request.txt': 'Authorization: hunter2-hunter2\nHost: example.com\n' };
  assert.match(JSON.stringify(mask({ files }, undefined, 'after')), /\*\*\*\\nHost: example.com/);
  const headers = { 'X-Auth': 'hunter2', 'X-Api-Key': 'hunter2' };
  assert.doesNotMatch(JSON.stringify(mask({ env, exec, headers, files }, undefined, 'after')), /hunter2/);
  const plain = {
    env: { PUBLIC_KEY: 'a', KEYBOARD: 'b', KEY_FILE: '/run/key', COMPASS: 'n', MONKEYS: '3', AUTHOR: 'x' },
    exec: ['id', '-u', 'www-data', '--basic', 'auth'],
  };
  assert.deepEqual(mask(plain, undefined, 'after'), plain);
});

/** LEAK is not to be shown, and each of `shown` is. */
interface Case {
  readonly text: string;
  readonly shown?: readonly string[];
}

function requireHidden(masked: unknown, { text, shown = [] }: Case): void {
  const seen = JSON.stringify(masked);
  assert.doesNotMatch(seen, /LEAK/, `${text}\n→ ${seen}`);
  for (const word of shown)
    assert.ok(seen.includes(JSON.stringify(word).slice(1, -1)), `${text}\n→ ${seen}: no ${word}`);
}

const IN_FILES: readonly Case[] = [
  { text: 'password = "my secret LEAK"\nport = 80\n', shown: ['password = ', 'port = 80'] },
  { text: "password = 'it''s LEAK'\nport = 80\n", shown: ['port = 80'] },
  { text: 'password=my secret LEAK\nport=80\n', shown: ['port=80'] },
  { text: 'password: my secret LEAK\nport: 80\n', shown: ['port: 80'] },
  { text: 'db:\n  password: >-\n    LEAK\n\n    LEAK two\n  port: 80\n', shown: ['  port: 80'] },
  { text: 'password: |\n  LEAK\n  x: LEAK\nport: 80\n', shown: ['port: 80'] },
  { text: 'password:\n  LEAK\nport: 80\n', shown: ['port: 80'] },
  { text: 'passwords:\n- LEAK\n- LEAK\nport: 80\n', shown: ['port: 80'] },
  { text: 'password: "one\n  LEAK"\nport: 80\n', shown: ['port: 80'] },
  { text: 'password: one\n  LEAK\nport: 80\n', shown: ['port: 80'] },
  { text: '- password: LEAK\n  port: 80\n', shown: ['  port: 80'] },
  { text: 'password = one\\\n  LEAK\nport = 80\n', shown: ['port = 80'] },
  { text: 'password = """\nLEAK\n"""\nport = 80\n', shown: ['port = 80'] },
  { text: '{"auths":{"r.io":{"auth":"TEVBSw==LEAK"}},"port":80}', shown: ['"port":80'] },
  { text: '{"user":"me","password":"a\\"LEAK","port":80}', shown: ['"user":"me"', '"port":80'] },
  { text: '{\n  "password": {\n    "value": "LEAK"\n  },\n  "port": 80\n}\n', shown: ['"port": 80'] },
  { text: '{"pin": 1, "token": 77LEAK, "port": 80}' },
  { text: 'a:\n- name: DB_PASSWORD\n  value: LEAK\n- name: PORT\n  value: 80\n', shown: ['value: 80'] },
  { text: '<add key="DbPassword" value="LEAK"/>\n<add key="x" value="80"/>', shown: ['value="80"'] },
  { text: '<c>\n <password>my LEAK</password>\n <port>80</port>\n</c>', shown: ['<port>80</port>', '</password>'] },
  { text: '<c><property name="password">LEAK</property><b>80</b></c>', shown: ['<b>80</b>'] },
  { text: 'bind 0.0.0.0\nrequirepass LEAK\nmasterauth LEAK\nport 6379\n', shown: ['bind 0.0.0.0', 'port 6379'] },
  { text: '[Peer]\nPublicKey = abc=\nPresharedKey = LEAK=\nEndpoint = h:51820\n', shown: ['abc=', 'h:51820'] },
  { text: '[client]\nuser=me\npassword=LEAK\nhost=db\n', shown: ['user=me', 'host=db'] },
  { text: 'machine h login me password LEAK\n', shown: ['machine h login me'] },
  { text: "CREATE USER a IDENTIFIED BY 'LEAK';\nALTER ROLE b PASSWORD 'LEAK';\n", shown: ['CREATE USER a'] },
  { text: 'X-Api-Key: LEAK LEAK\nHost: example.com\n', shown: ['Host: example.com'] },
  { text: 'cookie_secret: [LEAK, LEAK]\nport: 80\n', shown: ['port: 80'] },
  { text: "define('DB_PASSWORD', 'my LEAK');\ndefine('PORT', '80');\n", shown: ["define('PORT', '80')"] },
  { text: 'kind: Secret\ndata:\n  a: LEAK\n' },
  { text: 'root:$6$salt$LEAK:19000:0\n' },
  { text: 'dsn = "u:LEAK@tcp(db:3306)/x"\n' },
  { text: 'db = "u:LEAK@tcp(db:3306)/x"\n', shown: ['@tcp(db:3306)/x'] },
];

const IN_SCRIPTS: readonly Case[] = [
  { text: 'curl -u u:LEAK http://h:80/', shown: ['curl -u u:', 'http://h:80/'] },
  { text: 'curl --user=u:LEAK http://h:80/', shown: ['--user=u:', 'http://h:80/'] },
  { text: "curl -u 'u:my LEAK' http://h:80/", shown: ['http://h:80/'] },
  { text: 'curl -uu:LEAK http://h:80/', shown: ['http://h:80/'] },
  { text: "curl -H 'Cookie: a=LEAK; b=LEAK' http://h:80/", shown: ['http://h:80/'] },
  { text: 'redis-cli -a LEAK -h db ping', shown: ['-h db ping'] },
  { text: 'redis-cli --pass LEAK -h db ping', shown: ['-h db ping'] },
  { text: 'mysql -u me -pLEAK -P 3306 db', shown: ['mysql -u me -p', '-P 3306 db'] },
  { text: 'mysql --password="my LEAK" -P 3306', shown: ['-P 3306'] },
  { text: 'sshpass -p LEAK ssh -p 22 h', shown: ['ssh'] },
  { text: 'docker login -u me -p LEAK r.io', shown: ['-u me', 'r.io'] },
  { text: 'exec server --pass=LEAK --port 80', shown: ['--port 80'] },
  { text: 'exec server --auth-token LEAK --port 80', shown: ['--port 80'] },
  { text: 'TOKEN=LEAK; exec server --port 80', shown: ['exec server --port 80'] },
  { text: 'PASSWORD=LEAK server --port 80', shown: ['--port 80'] },
  { text: "PASSWORD='my LEAK' && exec server --port 80", shown: ['exec server --port 80'] },
  { text: 'export PGPASSWORD=LEAK\nexec server --port 80\n', shown: ['exec server --port 80'] },
  { text: 'echo "password=LEAK" > /etc/x; exec y --port 80', shown: ['exec y --port 80'] },
  { text: 'java -Ddb.password=LEAK -Dport=80 Main', shown: ['-Dport=80 Main'] },
  { text: 'openssl enc -pass pass:LEAK -in /f', shown: ['-in /f'] },
  { text: 'echo {\\"password\\":\\"my LEAK\\",\\"port\\":80}', shown: ['80'] },
  { text: 'Server=db;Password=my LEAK;Port=1', shown: ['Server=db', 'Port=1'] },
  { text: 'host=db password=LEAK dbname=x', shown: ['host=db', 'dbname=x'] },
  { text: 'cat > f <<E\npassword: >\n  LEAK\nport: 80\nE\n', shown: ['port: 80'] },
  { text: 'git clone https://LEAKLEAK@host/repo x', shown: ['@host/repo x'] },
  { text: 'git clone https://LEAK:x-oauth-basic@host/repo x', shown: ['@host/repo x'] },
  { text: 'wget https://h/x?user=me&access_token=LEAK&port=80', shown: ['user=me', 'port=80'] },
  { text: 'login ghp_LEAKLEAKLEAKLEAK' },
];

const URLS: readonly Case[] = [
  { text: 'mongodb://u:p@LEAK@h:27017/x', shown: ['mongodb://u:***@h:27017/x'] },
  { text: 'amqp://u:p/LEAK@h', shown: ['amqp://u:***@h'] },
  { text: 'redis://:LEAK@h:6379', shown: ['redis://:***@h:6379'] },
  { text: 'https://u:LEAK@h/a', shown: ['https://***@h/a'] },
  { text: 'postgres://a1b2c3d4e5f6a7b8c9d0LEAK@h/a', shown: ['@h/a'] },
];

test('secrets in files are not shown, and what is beside them is', () => {
  for (const one of IN_FILES) requireHidden(mask({ files: { 'app.conf': one.text } }, undefined, 'after'), one);
});

test('secrets in scripts, command lines and URLs are not shown, and what is beside them is', () => {
  for (const one of [...IN_SCRIPTS, ...URLS]) {
    requireHidden(mask({ exec: ['/bin/sh', '-c', one.text] }, undefined, 'after'), one);
    requireHidden(mask({ env: { START: one.text } }, undefined, 'after'), one);
  }
});

test('secrets in words of a command are not shown, whatever is in them', () => {
  for (const exec of [
    ['server', '--pass=my LEAK'],
    ['server', '--password', '-LEAK'],
    ['env', 'DB_PASSWORD=my LEAK; LEAK', 'server'],
    ['/usr/bin/mysqladmin', 'ping', '-pLEAK'],
    ['redis-server', '--requirepass', 'LEAK'],
    ['redis-cli', '-a', 'my LEAK'],
    ['curl', '-u', 'me:my LEAK', 'http://h'],
    ['curl', '-H', 'Cookie: a=LEAK; b=LEAK'],
  ])
    requireHidden(mask({ exec }, undefined, 'after'), { text: exec.join(' ') });
});

test('names tell that something is secret, however they are written', () => {
  for (const name of [
    'MYSQL_ROOT_PW',
    'GH_PAT',
    'KEYS',
    'dbPw',
    'apiKeys',
    'AWS_ACCESS_KEY_ID',
    'API_KEY2',
    'Authorization',
  ])
    requireHidden(mask({ env: { [name]: 'LEAK' } }, undefined, 'after'), { text: name });
  for (const name of ['.dockercfg', 'root/.my.cnf', '.env.production', 'password.file', '.pgpass', 'secrets.yaml'])
    requireHidden(mask({ files: { [name]: 'LEAK' } }, undefined, 'after'), { text: name });
});

test('what a diff is for is shown', () => {
  const plain = {
    env: { PATH: '/bin', AUTH_PORT: '8080', DB_PASSWORD_FILE: '/run/secrets/db', NO_PASSWORD: '1', TZ: 'UTC' },
    image: 'docker://registry/token:1.2@sha256:abc',
    exec: [
      'server',
      '--no-password',
      '--port',
      '80',
      '-p',
      '8080:80',
      '--auth',
      '--tls-key',
      '/etc/tls/x.key',
      '-a',
      'x',
    ],
    apps: [
      {
        exec: [
          '/bin/sh',
          '-c',
          'ssh -p 22 git@h; docker run -p 80:80 -v /etc/passwd:/etc/passwd r/token:1 --max-tokens=5',
        ],
      },
    ],
    hooks: ['wget http://h:80/a@b', 'https://github.com/@scope/x', 'ssh://git@host/x', 'postgres://me@db/x'],
    files: {
      'nginx.conf': 'listen 80;\nssl_certificate_key /etc/x.key;\nproxy_pass http://app:80;\n',
      'app.yaml': 'auth: none\nkeyspace: app\nmax_tokens: 5\nimage: r/x:1\npublic_key: abc\n',
    },
    mounts: [{ path: '/run/secrets/token', volume: 'token' }],
  };
  assert.deepEqual(mask(plain, undefined, 'after'), plain);
});

test('what differs in a secret only says so', () => {
  const [before, after] = ['one', 'two'].map((word) => ({
    exec: ['x', `--password=${word}`],
    files: { a: `token: ${word}\n` },
  }));
  assert.deepEqual(mask(before, after, 'before'), {
    exec: ['x', '--password=*** (before)'],
    files: { a: 'token: *** (before)\n' },
  });
});
